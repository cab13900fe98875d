using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The two warmups leave a budgeting phase.</summary>
public sealed class ADALORA007Tests
{
    internal static RuleCase Case => new(With("InitialWarmup = 0.5, FinalWarmup = {|ADALORA007:0.5|}, "), "InitialWarmup 0.5 and FinalWarmup 0.5 leave no budgeting phase between them; make their sum less than 1");

    internal static FixCase[] Fixes => [new(new DefaultScheduleFix(), With("InitialWarmup = 0.5, FinalWarmup = 0.5, "), With(""))];

    private static string With(string arguments) => SampleModels.Annotated($"""[AdaLoRA(Budget = 2, {arguments}Targets = ["*.query"])]""");

    [Theory]
    [InlineData("InitialWarmup = 0.5, FinalWarmup = {|ADALORA007:0.5|}, ", "0.5", "0.5")]
    [InlineData("FinalWarmup = 0.7, InitialWarmup = {|ADALORA007:0.4|}, ", "0.4", "0.7")]
    [InlineData("FinalWarmup = {|ADALORA007:0.9|}, ", "0.1", "0.9")]
    public Task Fractions_that_fill_the_run(string arguments, string first, string last) =>
        AnalyzerRun.Verify(With(arguments), $"InitialWarmup {first} and FinalWarmup {last} leave no budgeting phase between them; make their sum less than 1");

    [Theory]
    [InlineData("InitialWarmup = 0.4, FinalWarmup = 0.5, ")]
    [InlineData("InitialWarmup = 100, FinalWarmup = 0.9, ")]
    public Task Fine(string arguments) => AnalyzerRun.Verify(With(arguments));

    [Fact]
    public Task Plain_LoRA_has_no_phases() => AnalyzerRun.Verify(With("Method = AdapterMethod.LoRA, FinalWarmup = {|ADALORA019:0.99|}, "),
        "FinalWarmup has no effect with plain LoRA, which allocates nothing; remove it");

    [Fact]
    public Task Fix_goes_back_to_the_defaults() => FixRun.Verify(new DefaultScheduleFix(), With("InitialWarmup = 0.5, FinalWarmup = 0.5, "), With(""));
}
