using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The interval is at least one step.</summary>
public sealed class ADALORA015Tests
{
    private static string With(string arguments) => SampleModels.Annotated($"""[AdaLoRA(Budget = 2, {arguments}Targets = ["*.query"])]""");

    internal static RuleCase Case => new(With("Interval = {|ADALORA015:0|}, "), "Interval is 0; it must be at least 1 step");

    internal static FixCase[] Fixes => [new(new CorrectValueFix(), With("Interval = -10, "), With("Interval = 1, "))];

    [Fact]
    public Task Constant_of_another_file() => AnalyzerRun.Verify(With("Interval = {|ADALORA015:Steps.None|}, ") + "\npublic static class Steps { public const int None = -1; }", "Interval is -1; it must be at least 1 step");

    [Theory]
    [InlineData("Interval = 1, ")]
    [InlineData("")]
    public Task Fine(string arguments) => AnalyzerRun.Verify(With(arguments));
}
