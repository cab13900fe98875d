using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Every rule is proved by a source of its own, and every fix by a project that it makes right.</summary>
public sealed class ProofTests
{
    public static TheoryData<string> Ids => DescriptorTests.Ids;

    public static TheoryData<string, string> Fixes
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var fix in RuleTests.Fixes)
                foreach (string id in fix.FixableDiagnosticIds) rows.Add(fix.GetType().Name, id);
            return rows;
        }
    }

    /// <summary>Id, span and message, of this rule and whatever else is reported there.</summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public Task Rule_is_reported(string id) => AnalyzerRun.Verify(RuleTests.CaseOf(id));

    /// <summary>A rule that were not there would be missed: the same source without the rule's reports fails, and passes again without the rule's marks and messages.</summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Rule_would_be_missed(string id)
    {
        var rule = RuleTests.CaseOf(id);
        var expected = Markup.Parse(rule.Marked).Expected.OrderBy(e => e.Span.Start).ToList();
        Assert.True(expected.Exists(e => e.Id == id), $"The marked source of {id} does not mark {id}.");
        Assert.Equal(expected.Count, rule.Messages.Length);
        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => AnalyzerRun.Verify(rule, suppressed: id));
        await AnalyzerRun.Verify(rule with { Marked = Markup.Without(id, rule.Marked), Messages = [.. rule.Messages.Where((_, i) => expected[i].Id != id)] }, suppressed: id);
    }

    /// <summary>Fix-all over two documents: the text is the expected one, compiles with its generated part, and is free of the diagnostic.</summary>
    [Theory]
    [MemberData(nameof(Fixes))]
    public Task Fix_makes_a_project_right(string fix, string id) => FixRun.VerifyProject(RuleTests.FixCaseOf(id, fix), id);
}
