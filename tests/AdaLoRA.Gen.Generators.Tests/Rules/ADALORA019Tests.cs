using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Every option that is stated has an effect.</summary>
public sealed class ADALORA019Tests
{
    private static string With(string arguments) => SampleModels.Annotated($"""[AdaLoRA(Method = AdapterMethod.LoRA, {arguments}Targets = ["*.query"])]""");

    internal static RuleCase Case => new(With("InitialRank = 2, Interval = {|ADALORA019:5|}, Budget = {|ADALORA019:4|}, "),
        "Interval has no effect with plain LoRA, which allocates nothing; remove it", "Budget has no effect with plain LoRA whose InitialRank is stated; remove it");

    internal static FixCase[] Fixes => [new(new RemoveFix(), With("Score = ImportanceScore.Magnitude, Beta1 = 0.5, InitialRank = 2, Beta2 = 0.5, "), With("InitialRank = 2, "))];

    [Theory]
    [InlineData("InitialWarmup", "0.2")]
    [InlineData("FinalWarmup", "0.2")]
    [InlineData("Interval", "0")]
    [InlineData("Beta1", "0.5")]
    [InlineData("Beta2", "7")]
    [InlineData("OrthogonalWeight", "0.5")]
    [InlineData("Score", "ImportanceScore.Magnitude")]
    [InlineData("Fidelity", "Fidelity.Paper")]
    [InlineData("RankLimits", "[\"*: 1..\"]")]
    [InlineData("Compact", "true")]
    public Task Option_of_the_allocation(string option, string value) => AnalyzerRun.Verify(With($"InitialRank = 2, {option} = {{|ADALORA019:{value}|}}, "), $"{option} has no effect with plain LoRA, which allocates nothing; remove it");

    [Fact]
    public Task Unit_of_a_budget_that_is_not_used() => AnalyzerRun.Verify(With("InitialRank = 2, BudgetUnit = {|ADALORA019:BudgetUnit.Parameters|}, "), "BudgetUnit has no effect with plain LoRA whose InitialRank is stated; remove it");

    [Theory]
    [InlineData("Budget = 4, BudgetUnit = BudgetUnit.Parameters, ")]
    [InlineData("InitialRank = 2, Alpha = 4, Dropout = 0.1, Seed = 3, Bias = BiasTraining.All, Trainable = [\"*.key\"], CheckpointRoot = \"blocks\", ")]
    public Task Fine(string arguments) => AnalyzerRun.Verify(With(arguments));

    [Fact]
    public Task AdaLoRA_uses_all_of_them() => AnalyzerRun.Verify(SampleModels.Annotated(
        """[AdaLoRA(Budget = 3, InitialRank = 2, InitialWarmup = 0.2, FinalWarmup = 0.2, Interval = 1, Beta1 = 0.5, Beta2 = 0.5, OrthogonalWeight = 0.5, Score = ImportanceScore.Magnitude, Fidelity = Fidelity.Paper, RankLimits = ["*: 1.."], Compact = true, Targets = ["*.query"])]"""));

    [Fact]
    public Task Fix_of_the_last_argument() => FixRun.Verify(new RemoveFix(),
        SampleModels.Annotated("""[AdaLoRA(Method = AdapterMethod.LoRA, InitialRank = 2, Targets = ["*.query"], Compact = true)]"""),
        SampleModels.Annotated("""[AdaLoRA(Method = AdapterMethod.LoRA, InitialRank = 2, Targets = ["*.query"])]"""));

    [Fact]
    public Task Fix_of_a_line() => FixRun.Verify(new RemoveFix(),
        SampleModels.Annotated("[AdaLoRA(\n    Method = AdapterMethod.LoRA,\n    Compact = true,\n    InitialRank = 2,\n    Targets = [\"*.query\"])]"),
        SampleModels.Annotated("[AdaLoRA(\n    Method = AdapterMethod.LoRA,\n    InitialRank = 2,\n    Targets = [\"*.query\"])]"));
}
