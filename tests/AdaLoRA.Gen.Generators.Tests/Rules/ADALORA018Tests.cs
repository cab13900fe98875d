using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>What is adapted is not trained in full as well.</summary>
public sealed class ADALORA018Tests
{
    private static string Trainable(string list, string targets = """["*.query"]""") => SampleModels.Annotated($"[LoRA(Rank = 2, Targets = {targets}{(list.Length == 0 ? "" : $", Trainable = {list}")})]");

    internal static RuleCase Case => new(Trainable("""["*.key", "{|ADALORA018:blocks.0|}"]"""), "'blocks.0' in Trainable matches 'blocks.0.query', which Targets adapt; leave it out of one of them");

    internal static FixCase[] Fixes => [new(new RemoveFix(), Trainable("""["blocks.0.query", "*.query"]"""), Trainable(""))];

    [Theory]
    [InlineData("""["{|ADALORA018:*.query|}"]""", "'*.query' in Trainable matches 'blocks.0.query' and 1 other target, which Targets adapt; leave it out of one of them")]
    [InlineData("""["{|ADALORA018:blocks|}"]""", "'blocks' in Trainable matches 'blocks.0.query' and 1 other target, which Targets adapt; leave it out of one of them")]
    [InlineData("""["{|ADALORA018:blocks.1.query.weight|}"]""", "'blocks.1.query.weight' in Trainable matches 'blocks.1.query', which Targets adapt; leave it out of one of them")]
    [InlineData("""["*.key", "*.{conv,{|ADALORA018:query|}}"]""", "'*.query' in Trainable matches 'blocks.0.query' and 1 other target, which Targets adapt; leave it out of one of them")]
    public Task Pattern_that_meets_a_target(string list, string message) => AnalyzerRun.Verify(Trainable(list), message);

    [Fact]
    public Task List_of_unknown_length() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[LoRA(Rank = 2, Targets = ["*.query"], Trainable = ["blocks.0", "{|ADALORA018:blocks.*.query|}"])]""", "private readonly ModuleList<Block> blocks = new(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());"),
        "'blocks.*.query' in Trainable matches 'blocks.*.query', which Targets adapt; leave it out of one of them");

    [Theory]
    [InlineData("""["*.key", "*.conv"]""")]
    [InlineData("""["*.query.bias", "*.bias"]""")]
    [InlineData("""["blocks.0.{key,conv}"]""")]
    public Task Fine(string list) => AnalyzerRun.Verify(Trainable(list));

    [Fact]
    public Task Item_that_is_no_target() => AnalyzerRun.Verify(Trainable("""["blocks.1"]""", """["blocks.0.query"]"""));

    [Fact]
    public Task Fix_takes_it_out() => FixRun.Verify(new RemoveFix(), Trainable("""["*.key", "*.query"]"""), Trainable("""["*.key"]"""));

    /// <summary>Whatever else it matches would silently stop being trained.</summary>
    [Theory]
    [InlineData("""["blocks.0"]""")]
    [InlineData("""["*.{query,key}"]""")]
    public Task No_fix_where_it_matches_more(string list) => FixRun.VerifyNone(new RemoveFix(), Trainable(list));
}
