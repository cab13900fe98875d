using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>No rank limit is shadowed by later ones.</summary>
public sealed class ADALORA020Tests
{
    private static string Limits(string list, string members = "private readonly ModuleList<Block> blocks = new(new Block(), new Block());") =>
        SampleModels.Annotated($"""[AdaLoRA(Budget = 8, Targets = ["*.query", "*.key"]{(list.Length == 0 ? "" : $", RankLimits = [{list}]")})]""", members);

    internal static RuleCase Case => new(Limits("\"{|ADALORA020:*.query: 1..|}\", \"*: ..8\""), "'*.query: 1..' in RankLimits has no effect, since '*: ..8' after it matches all its targets; put it last, or remove it");

    internal static FixCase[] Fixes => [new(new RemoveFix(), Limits("\"*.query: 1..\", \"*.key: 1..2\", \"*: ..8\""), Limits("\"*: ..8\""))];

    [Theory]
    [InlineData("\"{|ADALORA020:*: ..8|}\", \"*.query: 1..\", \"*.key: ..2\"", "'*: ..8' in RankLimits has no effect, since '*.query: 1..' and '*.key: ..2' after it match all its targets; put it last, or remove it")]
    [InlineData("\"{|ADALORA020:*: ..8|}\", \"*: ..8\"", "'*: ..8' in RankLimits has no effect, since '*: ..8' after it matches all its targets; put it last, or remove it")]
    [InlineData("\"{|ADALORA020:blocks.{0,1}.key: 1..|}\", \"blocks.0.key: ..2\", \"blocks.1.key: ..3\"",
        "'blocks.{0,1}.key: 1..' in RankLimits has no effect, since 'blocks.0.key: ..2' and 'blocks.1.key: ..3' after it match all its targets; put it last, or remove it")]
    public Task Entry_without_a_target_of_its_own(string list, string message) => AnalyzerRun.Verify(Limits(list), message);

    [Theory]
    [InlineData("\"*: ..8\", \"*.query: 1..\"")]
    [InlineData("\"*.key: 1..\", \"blocks.0.key: ..2\"")]
    public Task Fine(string list) => AnalyzerRun.Verify(Limits(list));

    private const string Open = "private readonly ModuleList<Block> blocks = new(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());";

    [Fact]
    public Task List_of_unknown_length() => AnalyzerRun.Verify(Limits("\"{|ADALORA020:blocks.2.query: 1..|}\", \"*.query: ..4\", \"blocks.0.query: 2..\"", Open),
        "'blocks.2.query: 1..' in RankLimits has no effect, since '*.query: ..4' after it matches all its targets; put it last, or remove it");

    [Fact]
    public Task Targets_that_only_the_run_sees() => AnalyzerRun.Verify("#pragma warning disable ADALORA026\n" + Limits("\"*q*: 1..\", \"*.query: ..8\", \"*.key: ..8\"",
        "private readonly ModuleList<Block> blocks = new(new Block(), new Block()); private readonly Module<Tensor, Tensor> backbone = Make(); static Module<Tensor, Tensor> Make() => ReLU();"));

    [Fact]
    public Task Fix_of_the_only_one_beside() => FixRun.Verify(new RemoveFix(), Limits("\"*.key: 1..\", \"*: ..8\""), Limits("\"*: ..8\""));
}
