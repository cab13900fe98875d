using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The budget removes something.</summary>
public sealed class ADALORA009Tests
{
    internal static RuleCase Case => new(SampleModels.Annotated("""[AdaLoRA(Budget = {|ADALORA009:8|}, InitialRank = 2, Targets = ["*.query", "*.key"])]"""),
        "Budget 8 is not below the 8 triplets that 4 targets of rank 2 start with, so nothing is ever removed; lower it, or use [LoRA]");

    [Fact]
    public Task Budget_of_everything() => AnalyzerRun.Verify(SampleModels.Annotated("""[AdaLoRA(Budget = {|ADALORA009:8|}, InitialRank = 2, Targets = ["*.query", "*.key"])]"""),
        "Budget 8 is not below the 8 triplets that 4 targets of rank 2 start with, so nothing is ever removed; lower it, or use [LoRA]");

    [Fact]
    public Task Budget_below() => AnalyzerRun.Verify(SampleModels.Annotated("""[AdaLoRA(Budget = 7, InitialRank = 2, Targets = ["*.query", "*.key"])]"""));

    /// <summary>Two queries of 8 × 8 and two keys of 8 × 4: 2·(2·17 + 2·13) = 120.</summary>
    [Fact]
    public Task Budget_of_every_parameter() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = {|ADALORA009:120|}, BudgetUnit = BudgetUnit.Parameters, InitialRank = 2, Targets = ["*.query", "*.key"])]"""),
        "Budget 120 is not below the 120 parameters that 4 targets of rank 2 start with, so nothing is ever removed; lower it, or use [LoRA]");

    [Fact]
    public Task Budget_below_in_parameters() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 119, BudgetUnit = BudgetUnit.Parameters, InitialRank = 2, Targets = ["*.query", "*.key"])]"""));

    [Fact]
    public Task Parameters_of_a_target_unknown() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 7000, BudgetUnit = BudgetUnit.Parameters, InitialRank = 2, Targets = ["q"])]""", "static readonly int D = 2; private readonly Linear q = Linear(8, D);"));

    [Fact]
    public Task Number_of_targets_unknown() => AnalyzerRun.Verify(SampleModels.Annotated("""[AdaLoRA(Budget = 700, InitialRank = 2, Targets = ["*.query"])]""", "private readonly ModuleList<Block> blocks = new(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());"));
}
