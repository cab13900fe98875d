using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A pattern of Targets adds something.</summary>
public sealed class ADALORA017Tests
{
    private static string Targets(string list) => SampleModels.Annotated($"[AdaLoRA(Budget = 2, Targets = {list})]");

    internal static RuleCase Case => new(Targets("""["*.query", "*.key", "{|ADALORA017:blocks.{0,1}.key|}"]"""),
        "'blocks.{0,1}.key' adds nothing to Targets: '*.key' before it already matches all that it does; remove it");

    internal static FixCase[] Fixes =>
    [
        new(new RemoveFix(), Targets("""["*.query", "*.query", "*.{query,key}", "blocks.0.key", "*.key"]"""), Targets("""["*.query", "*.{key}"]""")),
    ];

    [Theory]
    [InlineData("""["*.query", "{|ADALORA017:*.query|}"]""", "'*.query' adds nothing to Targets: '*.query' before it already matches all that it does; remove it")]
    [InlineData("""["*.query", "{|ADALORA017:blocks.1.query|}"]""", "'blocks.1.query' adds nothing to Targets: '*.query' before it already matches all that it does; remove it")]
    [InlineData("""["blocks.0.query", "blocks.1.query", "{|ADALORA017:*.query|}"]""", "'*.query' adds nothing to Targets: 'blocks.0.query', 'blocks.1.query' before it already match all that it does; remove it")]
    [InlineData("""["*.{query,key,{|ADALORA017:query|}}"]""", "'query' adds nothing to Targets: '*.query' before it already matches all that it does; remove it")]
    [InlineData("""["*.query", "*.{{|ADALORA017:q*|},key}"]""", "'q*' adds nothing to Targets: '*.query' before it already matches all that it does; remove it")]
    [InlineData("""["*.query", "blocks.0.{{|ADALORA017:query|},key}"]""", "'query' adds nothing to Targets: '*.query' before it already matches all that it does; remove it")]
    [InlineData("""["blocks.{0,{|ADALORA017:0..0|},1}.query"]""", "'0..0' adds nothing to Targets: 'blocks.0.query' before it already matches all that it does; remove it")]
    public Task Pattern_that_adds_nothing(string list, string message) => AnalyzerRun.Verify(Targets(list), message);

    [Theory]
    [InlineData("""["*.query", "blocks.0.*y"]""")]
    [InlineData("""["blocks.0.query", "*.query"]""")]
    [InlineData("""["blocks.0.query", "blocks.{0..1}.query"]""")]
    [InlineData("""["blocks.0.query", "blocks.{0,1}.{query,key}"]""")]
    public Task Overlap_that_adds_something(string list) => AnalyzerRun.Verify(Targets(list));

    [Fact]
    public Task Nothing_is_said_where_the_run_could_see_more() => AnalyzerRun.Verify(
        "#pragma warning disable ADALORA026\n" + SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["q", "*q"])]""", "private readonly Linear q = Linear(8, 8); private readonly Module<Tensor, Tensor> backbone = Make(); static Module<Tensor, Tensor> Make() => ReLU();"));

    [Fact]
    public Task The_same_pattern_twice_is_certain_even_there() => AnalyzerRun.Verify(
        "#pragma warning disable ADALORA026\n" + SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["*q", "{|ADALORA017:*q|}"])]""", "private readonly Linear q = Linear(8, 8); private readonly Module<Tensor, Tensor> backbone = Make(); static Module<Tensor, Tensor> Make() => ReLU();"),
        "'*q' adds nothing to Targets: '*q' before it already matches all that it does; remove it");

    [Fact]
    public Task List_of_unknown_length() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["blocks.{0,2}.query", "*.query", "{|ADALORA017:blocks.7.query|}"])]""", "private readonly ModuleList<Block> blocks = new(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());"),
        "'blocks.7.query' adds nothing to Targets: '*.query' before it already matches all that it does; remove it");

    [Theory]
    [InlineData("""["*.{key,query,key}"]""", """["*.{key,query}"]""")]
    [InlineData("""["*.key", "*.{key,query}"]""", """["*.key", "*.{query}"]""")]
    [InlineData("""new[] { "*.key", "*.key" }""", """new[] { "*.key" }""")]
    public Task Fix_takes_it_out(string before, string after) => FixRun.Verify(new RemoveFix(), Targets(before), Targets(after));

    [Theory]
    [InlineData("""["*.key", "*.query", "*.{key,query,conv}"]""", """["*.key", "*.query", "*.{conv}"]""")]
    [InlineData("""["*.{conv,key,key,key}"]""", """["*.{conv,key}"]""")]
    [InlineData("""["*.key", "*.key", "*.key"]""", """["*.key"]""")]
    public Task Fix_for_all_neighbours(string before, string after) => FixRun.VerifyAll(new RemoveFix(), Targets(before).Replace("AdaLoRA(Budget", "LoRA(Rank", StringComparison.Ordinal), Targets(after).Replace("AdaLoRA(Budget", "LoRA(Rank", StringComparison.Ordinal));
}
