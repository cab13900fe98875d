using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The rank limits can be kept.</summary>
public sealed class ADALORA013Tests
{
    internal static RuleCase Case => new(With("Budget = 8, InitialRank = 3, ", "\"*.query: {|ADALORA013:4|}..8\""),
        "RankLimits cannot be kept: '*.query: 4..8' wants at least 4 triplets, but every target starts with InitialRank 3; raise InitialRank or lower the limit");

    internal static FixCase[] Fixes => [new(new CorrectRankLimitFix(), With("Budget = 6, InitialRank = 3, ", "\"*.query: 4..8\""), With("Budget = 6, InitialRank = 3, ", "\"*.query: 3..8\""))];

    private static string With(string arguments, string limits) => SampleModels.Annotated($"[AdaLoRA({arguments}Targets = [\"*.query\", \"*.key\"], RankLimits = [{limits}])]");

    [Theory]
    [InlineData("\"*.query: {|ADALORA013:4|}..8\"", "'*.query: 4..8' wants at least 4 triplets")]
    [InlineData("\"*: 1..\", \"*.key:  {|ADALORA013:4|}..\"", "'*.key:  4..' wants at least 4 triplets")]
    public Task Minimum_above_the_initial_rank(string limits, string what) => AnalyzerRun.Verify(With("Budget = 8, InitialRank = 3, ", limits),
        $"RankLimits cannot be kept: {what}, but every target starts with InitialRank 3; raise InitialRank or lower the limit");

    /// <summary>4 × ⌈6 ÷ 4⌉ is 8, but a key has only 4 columns.</summary>
    [Theory]
    [InlineData("Budget = 6, ", 5, 4)]
    [InlineData("Budget = 60, BudgetUnit = BudgetUnit.Parameters, ", 5, 4)]
    public Task Minimum_above_the_rank_that_the_budget_gives(string arguments, int minimum, int rank) => AnalyzerRun.Verify(With(arguments, $"\"*.query: {{|ADALORA013:{minimum}|}}..\""),
        $"RankLimits cannot be kept: '*.query: {minimum}..' wants at least {minimum} triplets, but every target starts with the rank {rank} that Budget and the smallest side give; set InitialRank, raise Budget or lower the limit");

    /// <summary>Two queries and two keys: 1 + 2 + 2·3.</summary>
    [Fact]
    public Task Minima_above_the_budget() => AnalyzerRun.Verify(With("Budget = {|ADALORA013:7|}, ", "\"*: 2..\", \"blocks.0.query: 1..\", \"*.key: 3..4\""),
        "RankLimits cannot be kept: the minima need 9 triplets, but Budget is 7; raise it or lower them");

    /// <summary>A triplet of a query (8 × 8) costs 17, of a key (8 × 4) 13: 2·17 + 2·2·13.</summary>
    [Fact]
    public Task Minima_above_the_budget_in_parameters() => AnalyzerRun.Verify(With("Budget = {|ADALORA013:85|}, BudgetUnit = BudgetUnit.Parameters, ", "\"*: 1..\", \"*.key: 2..\""),
        "RankLimits cannot be kept: the minima need 86 parameters, but Budget is 85; raise it or lower them");

    [Theory]
    [InlineData("Budget = 8, InitialRank = 3, ", "\"*.query: 1..\", \"*.key: 3..100\"")]
    [InlineData("Budget = 8, ", "\"*: 2..\"")]
    [InlineData("Budget = 2, ", "\"*: ..4\", \"blocks.1.key: 2..\"")]
    [InlineData("Budget = 86, BudgetUnit = BudgetUnit.Parameters, ", "\"*: 1..\", \"*.key: 2..\"")]
    public Task Fine(string arguments, string limits) => AnalyzerRun.Verify(With(arguments, limits));

    [Theory]
    [InlineData("private readonly ModuleList<Block> blocks = new(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());", "Budget = 1, ")]
    [InlineData("static readonly int D = 2; private readonly Linear query = Linear(D, 8);", "Budget = 1, BudgetUnit = BudgetUnit.Parameters, ")]
    public Task Nothing_is_said_of_what_only_the_run_knows(string members, string arguments) =>
        AnalyzerRun.Verify(SampleModels.Annotated($"[AdaLoRA({arguments}Targets = [\"*query\"], RankLimits = [\"*: 2..\"])]", members));

    [Fact]
    public Task Only_the_first_mistake_is_reported() => AnalyzerRun.Verify(With("Budget = 3, InitialRank = 3, ", "\"*: {|ADALORA013:4|}..\""),
        "RankLimits cannot be kept: '*: 4..' wants at least 4 triplets, but every target starts with InitialRank 3; raise InitialRank or lower the limit");

    [Fact]
    public Task Fix_lowers_the_minimum() => FixRun.Verify(new CorrectRankLimitFix(), With("Budget = 6, InitialRank = 3, ", "\"*.query: 4..8\""), With("Budget = 6, InitialRank = 3, ", "\"*.query: 3..8\""));

    [Fact]
    public Task Fix_raises_the_budget() => FixRun.Verify(new CorrectRankLimitFix(), With("Budget = 2 * 3, ", "\"*: 2..\""), With("Budget = 8, ", "\"*: 2..\""));
}
