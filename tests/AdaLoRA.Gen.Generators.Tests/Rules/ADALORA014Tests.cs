using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Beta1 and Beta2 lie between 0 and 1.</summary>
public sealed class ADALORA014Tests
{
    private static string With(string arguments) => SampleModels.Annotated($"""[AdaLoRA(Budget = 2, {arguments}Targets = ["*.query"])]""");

    internal static RuleCase Case => new(With("Beta1 = {|ADALORA014:1.2|}, Beta2 = {|ADALORA014:0|}, "),
        "Beta1 is 1.2; it must lie between 0 and 1, both excluded", "Beta2 is 0; it must lie between 0 and 1, both excluded");

    internal static FixCase[] Fixes => [new(new CorrectValueFix(), With("Beta1 = 1.2, Beta2 = 0, "), With("Beta1 = 0.85, Beta2 = 0.85, "))];

    [Theory]
    [InlineData("1", "1")]
    [InlineData("1.0", "1")]
    [InlineData("-0.5", "-0.5")]
    [InlineData("1 - 1.0", "0")]
    [InlineData("double.NaN", "NaN")]
    [InlineData("double.NegativeInfinity", "-Infinity")]
    public Task Outside(string value, string shown) => AnalyzerRun.Verify(With($"Beta2 = {{|ADALORA014:{value}|}}, "), $"Beta2 is {shown}; it must lie between 0 and 1, both excluded");

    [Theory]
    [InlineData("Beta1 = 0.99, Beta2 = double.Epsilon, ")]
    [InlineData("Beta1 = Rates.Beta, ")]
    public Task Fine(string arguments) => AnalyzerRun.Verify(With(arguments) + "\npublic static class Rates { public const double Beta = 0.5; }");
}
