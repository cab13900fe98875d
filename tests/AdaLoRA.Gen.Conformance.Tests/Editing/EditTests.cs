using AdaLoRA.Gen.Conformance.Editing;
using AdaLoRA.Gen.Conformance.Graph;
using AdaLoRA.Gen.Testing;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Conformance.Tests.Editing;

/// <summary>After every edit the generator makes what it makes of a fresh compilation; one that does not is found, with the edits that it takes.</summary>
public sealed class EditTests
{
    private static readonly CSharpCompilation Corpus = SourceFolder.Open(RepositoryRoot.Combine("tests", "AdaLoRA.Gen.Conformance", "Graph", "Corpus")).Written;

    [Fact]
    public void A_sample_of_edits_makes_what_a_fresh_compilation_makes()
    {
        var all = Assert.Single(EditRun.Run(Corpus, first: 0, count: 8, seed: 20, threads: 2, TextWriter.Null));
        Assert.True(all.Ok, all.Detail);
        Assert.StartsWith("8 sequences, ", all.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(" 0 of which changed", all.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_memory_that_is_wrong_is_found_and_the_edits_that_show_it_are_few()
    {
        var log = new StringWriter();
        var cases = EditRun.Run(Corpus, first: 0, count: 12, seed: 1, threads: 1, log, static () => new ForgetfulGenerator()).ToList();
        Assert.True(cases.Count > 1);
        Assert.All(cases, c => Assert.False(c.Ok));
        Assert.Contains("Copies.g.cs: written differently", cases[0].Detail, StringComparison.Ordinal);
        Assert.Contains("--seed 1 --at ", cases[0].Detail, StringComparison.Ordinal);
        Assert.InRange(log.ToString().Split("minimised")[1].Split("  edit ").Length - 1, 1, 3);
    }
}
