using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Regressions;

/// <summary>The limits written in every way that C# has.</summary>
public sealed class FixesOfRankLimitsTests
{
    private static string With(string arguments) => SampleModels.Annotated($"[AdaLoRA({arguments}, Targets = [\"*.query\", \"*.key\"])]");

    [Theory]
    [InlineData("Budget = 12, InitialRank = 3, RankLimits = new[] { \"*: 4..\" }", "Budget = 12, InitialRank = 3, RankLimits = new[] { \"*: 3..\" }")]
    [InlineData("Budget = 6, InitialRank = 3, RankLimits = new string[] { @\"*.query: 4..\" }", "Budget = 6, InitialRank = 3, RankLimits = new string[] { @\"*.query: 3..\" }")]
    [InlineData("Budget = 6, InitialRank = 3, RankLimits = [\"\"\"*.query: 4..\"\"\"]", "Budget = 6, InitialRank = 3, RankLimits = [\"\"\"*.query: 3..\"\"\"]")]
    [InlineData("Budget = 6, RankLimits = [\"*.qury: 1..\"]", "Budget = 6, RankLimits = [\"*.query: 1..\"]")]
    [InlineData("Budget = 6, RankLimits = [\"*.query : 1 .. 2\"]", "Budget = 6, RankLimits = [\"*.query : 1..2\"]")]
    [InlineData("Budget = 6, RankLimits = [\"*.query: 3..1\"]", "Budget = 6, RankLimits = [\"*.query: 1..3\"]")]
    [InlineData("Budget = (int)7L, RankLimits = [\"*: 2..\"]", "Budget = 8, RankLimits = [\"*: 2..\"]")]
    public Task Fix(string before, string after) => FixRun.Verify(new CorrectRankLimitFix(), With(before), With(after));

    [Theory]
    [InlineData("Budget = 6, InitialRank = 3, RankLimits = [\"*: 04..\"]")]
    [InlineData("Budget = 6, InitialRank = 3, RankLimits = [\"*.qu\" + \"ery: 4..\"]")]
    [InlineData("Budget = 6, InitialRank = 3, RankLimits = [\"\\u002A: 4..\"]")]
    [InlineData("Budget = 6, RankLimits = [\"*: \"]")]
    [InlineData("Budget = 6, RankLimits = [\":\"]")]
    [InlineData("Budget = 6, RankLimits = [\"\"]")]
    [InlineData("Budget = 6, RankLimits = [\"*: 99999999999..\"]")]
    [InlineData("Budget = 6, RankLimits = [\"*: -1..\"]")]
    [InlineData("Budget = 6, RankLimits = [\"*: 1...3\"]")]
    [InlineData("Budget = 6, RankLimits = [\"blocks.7.query: 1..\"]")]
    [InlineData("Budget = 6, RankLimits = [\"*.value: 1..\"]")]
    public async Task Something_is_said(string arguments)
    {
        var run = GeneratorRun.On(Compilations.Create(With(arguments)));
        var found = await AnalyzerRun.Diagnose(run.Updated);
        Assert.Contains(found, d => d.Id is "ADALORA012" or "ADALORA013");
    }

    [Theory]
    [InlineData("Budget = 6, RankLimits = [\"blocks.{0,1}.query: 1..\"]")]
    [InlineData("Budget = 6, RankLimits = [\"**: 1..\"]")]
    [InlineData("Budget = 6, RankLimits = [\"*.query:1..\", \" *.key :  ..3 \"]")]
    [InlineData("Budget = 6, RankLimits = []")]
    [InlineData("Budget = 4, InitialRank = 3, RankLimits = [\"*: 3..3\", \"*: 1..\"]")]
    [InlineData("Budget = 1000, BudgetUnit = BudgetUnit.Parameters, InitialRank = 12, RankLimits = [\"*: 12..\"]")]
    public async Task Nothing_is_said(string arguments)
    {
        var run = GeneratorRun.On(Compilations.Create(With(arguments)));
        var found = await AnalyzerRun.Diagnose(run.Updated);
        Assert.DoesNotContain(found, d => d.Id is "ADALORA012" or "ADALORA013");
    }
}
