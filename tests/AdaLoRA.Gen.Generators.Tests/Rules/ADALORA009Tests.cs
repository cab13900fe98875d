using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The budget removes something.</summary>
public sealed class ADALORA009Tests
{
    internal static RuleCase Case => new(SampleModels.Annotated("""[AdaLoRA(Budget = {|ADALORA009:8|}, InitialRank = 2, Targets = ["*.query", "*.key"])]"""),
        "Budget 8 is not below the 8 triplets that 4 targets of rank 2 start with, so nothing is ever removed; lower it, or use [LoRA]");

    internal static FixCase[] Fixes => [new(new CorrectValueFix(), Queries("Budget = 20, InitialRank = 8"), Queries("Budget = 4, InitialRank = 8"))];

    private static string Queries(string arguments) => SampleModels.Annotated($"""[AdaLoRA({arguments}, Targets = ["*.query"])]""");

    [Theory]
    [InlineData("Budget = {|ADALORA009:1|}, InitialRank = 1, Targets = [\"blocks.0.query\"]", "Budget 1 is not below the 1 triplet that 1 target of rank 1 starts with")]
    [InlineData("Budget = {|ADALORA009:9|}, InitialRank = 8, Targets = [\"blocks.0.query\"]", "Budget 9 is not below the 8 triplets that 1 target of rank 8 starts with")]
    public Task One_target(string arguments, string message) => AnalyzerRun.Verify(SampleModels.Annotated($"[AdaLoRA({arguments})]"), message + ", so nothing is ever removed; lower it, or use [LoRA]");

    /// <summary>Of one triplet none can go; minima could need more than a quarter.</summary>
    [Theory]
    [InlineData("Budget = 1, InitialRank = 1, Targets = [\"blocks.0.query\"]")]
    [InlineData("Budget = 16, InitialRank = 8, RankLimits = [\"*: 5..\"], Targets = [\"*.query\"]")]
    public Task No_fix_where_a_quarter_does_not_do(string arguments) => FixRun.VerifyNone(new CorrectValueFix(), SampleModels.Annotated($"[AdaLoRA({arguments})]"));

    [Fact]
    public Task Fix_in_parameters() => FixRun.Verify(new CorrectValueFix(), Queries("Budget = 1000, BudgetUnit = BudgetUnit.Parameters, InitialRank = 8"), Queries("Budget = 68, BudgetUnit = BudgetUnit.Parameters, InitialRank = 8"));

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
