using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Every other option is in its range.</summary>
public sealed class ADALORA016Tests
{
    private static string With(string arguments) => SampleModels.Annotated($"""[AdaLoRA(Budget = 2, {arguments}Targets = ["*.query"])]""");

    internal static RuleCase Case => new(With("Dropout = {|ADALORA016:1|}, Score = {|ADALORA016:(ImportanceScore)9|}, "),
        "Dropout is 1; it must be at least 0 and below 1", "Score is 9; it must be Product, Sensitivity, Magnitude or SignalToNoise");

    internal static FixCase[] Fixes =>
    [
        new(new CorrectValueFix(), With("Dropout = 1, InitialWarmup = 1.5, "), With("Dropout = 0, InitialWarmup = 2, ")),
        new(new RemoveFix(), With("Bias = (BiasTraining)7, Score = (ImportanceScore)9, "), With("")),
    ];

    [Theory]
    [InlineData("InitialRank", "-1", "-1", "at least 1, or 0 to let the budget decide")]
    [InlineData("Alpha", "-16", "-16", "positive, or 0 for the default")]
    [InlineData("Alpha", "double.PositiveInfinity", "Infinity", "positive, or 0 for the default")]
    [InlineData("Dropout", "-0.1", "-0.1", "at least 0 and below 1")]
    [InlineData("Dropout", "double.NaN", "NaN", "at least 0 and below 1")]
    [InlineData("OrthogonalWeight", "-1e-3", "-0.001", "at least 0")]
    [InlineData("OrthogonalWeight", "double.NaN", "NaN", "at least 0")]
    [InlineData("InitialWarmup", "-1", "-1", "a fraction of the run below 1, or whole steps from 1 on")]
    [InlineData("FinalWarmup", "2.5", "2.5", "a fraction of the run below 1, or whole steps from 1 on")]
    [InlineData("FinalWarmup", "double.NaN", "NaN", "a fraction of the run below 1, or whole steps from 1 on")]
    [InlineData("FinalWarmup", "1e10", "10000000000", "a fraction of the run below 1, or whole steps from 1 on")]
    [InlineData("Method", "(AdapterMethod)2", "2", "AdaLoRA or LoRA")]
    [InlineData("Bias", "(BiasTraining)(-1)", "-1", "None, All or AdapterOnly")]
    [InlineData("Fidelity", "(Fidelity)2", "2", "Reference or Paper")]
    [InlineData("BudgetUnit", "(BudgetUnit)2", "2", "Triplets or Parameters")]
    public Task Value_outside(string option, string value, string shown, string range) => AnalyzerRun.Verify(With($"{option} = {{|ADALORA016:{value}|}}, "), $"{option} is {shown}; it must be {range}");

    [Theory]
    [InlineData("Alpha = {|ADALORA016:-1|}, ", "Alpha is -1; it must be positive, or 0 for the default")]
    [InlineData("Dropout = {|ADALORA016:1|}, ", "Dropout is 1; it must be at least 0 and below 1")]
    [InlineData("Bias = {|ADALORA016:(BiasTraining)3|}, ", "Bias is 3; it must be None, All or AdapterOnly")]
    public Task Plain_LoRA(string arguments, string message) => AnalyzerRun.Verify(SampleModels.Annotated($"""[LoRA(Rank = 2, {arguments}Targets = ["*.query"])]"""), message);

    [Fact]
    public Task A_rank_below_zero_is_one_mistake() => AnalyzerRun.Verify(SampleModels.Annotated("""[AdaLoRA(Method = AdapterMethod.LoRA, InitialRank = {|ADALORA016:-2|}, Targets = ["*.query"])]"""),
        "InitialRank is -2; it must be at least 1, or 0 to let the budget decide");

    [Theory]
    [InlineData("InitialRank = 0, Alpha = 0, Dropout = 0.999, OrthogonalWeight = 0, Seed = -5, ")]
    [InlineData("InitialWarmup = 0, FinalWarmup = 0, ")]
    [InlineData("InitialWarmup = 1, FinalWarmup = 2147483647, ")]
    [InlineData("Fidelity = Fidelity.Paper, Score = ImportanceScore.SignalToNoise, BudgetUnit = BudgetUnit.Triplets, Bias = BiasTraining.All, ")]
    public Task Fine(string arguments) => AnalyzerRun.Verify(With(arguments));

    [Theory]
    [InlineData("Alpha = -1, ", "Alpha = 0, ")]
    [InlineData("InitialRank = -8, ", "InitialRank = 0, ")]
    [InlineData("OrthogonalWeight = double.NaN, ", "OrthogonalWeight = 0.1, ")]
    [InlineData("OrthogonalWeight = -1, ", "OrthogonalWeight = 0, ")]
    [InlineData("FinalWarmup = double.NaN, ", "FinalWarmup = 0.5, ")]
    [InlineData("FinalWarmup = 100.4, ", "FinalWarmup = 100, ")]
    [InlineData("InitialWarmup = -0.2, ", "InitialWarmup = 0, ")]
    [InlineData("InitialWarmup = 1e12, ", "InitialWarmup = 2147483647, ")]
    public Task Fix_writes_the_nearest_value(string before, string after) => FixRun.Verify(new CorrectValueFix(), With(before), With(after));
}
