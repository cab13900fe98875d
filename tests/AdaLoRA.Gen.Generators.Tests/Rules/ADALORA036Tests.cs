using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>CheckpointRoot is the path of a module that holds every target.</summary>
public sealed class ADALORA036Tests
{
    private static string Root(string root, string targets = "\"*.query\"", string? members = null)
    {
        string attribute = $"[AdaLoRA(Budget = 2, Targets = [{targets}], CheckpointRoot = \"{root}\")]";
        return members is null ? SampleModels.Annotated(attribute) : SampleModels.Annotated(attribute, members);
    }

    private const string Open = "private readonly ModuleList<Block> blocks = new(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());";

    internal static RuleCase Case => new(Root("{|ADALORA036:blocks.0|}"), "CheckpointRoot 'blocks.0' does not hold the target 'blocks.1.query', so a saved folder could not name it; use 'blocks', which holds all of them");

    internal static FixCase[] Fixes => [new(new CorrectPatternFix(), Root("blocks.0"), Root("blocks"))];

    [Theory]
    [InlineData("{|ADALORA036:blocks.1|}", "\"blocks.0.*y\"", "'blocks.1' does not hold the target 'blocks.0.query' and 1 other, so a saved folder could not name them; use 'blocks.0', which holds all of them")]
    [InlineData("{|ADALORA036:blocks.0.query|}", "\"blocks.0.query\"", "'blocks.0.query' does not hold the target 'blocks.0.query', so a saved folder could not name it; use 'blocks.0', which holds all of them")]
    [InlineData("{|ADALORA036:bl*|}", "\"*.query\"", "'bl*' is a pattern, but has to be the path of one module, such as 'blocks'")]
    [InlineData("{|ADALORA036:blocks.{0,1}|}", "\"*.query\"", "'blocks.{0,1}' is a pattern, but has to be the path of one module")]
    public Task Targets_outside(string root, string targets, string message) => AnalyzerRun.Verify(Root(root, targets), "CheckpointRoot " + message);

    [Fact]
    public Task Target_beside_it() => AnalyzerRun.Verify(Root("{|ADALORA036:blocks|}", "\"{head,*.query}\"", "private readonly Linear head = Linear(8, 8); private readonly ModuleList<Block> blocks = new(new Block(), new Block());"),
        "CheckpointRoot 'blocks' does not hold the target 'head', so a saved folder could not name it; leave the root out, or the target");

    [Theory]
    [InlineData("blocks", null)]
    [InlineData("blocks", Open)]
    [InlineData("blocks.0", Open)]
    [InlineData("", null)]
    public Task Fine(string root, string? members) => AnalyzerRun.Verify(Root(root, members: members));

    [Fact]
    public Task Root_below_lists_of_unknown_length() => AnalyzerRun.Verify(Root("{|ADALORA036:blocks.0.key|}", members: Open),
        "CheckpointRoot 'blocks.0.key' does not hold the target 'blocks.*.query', so a saved folder could not name it; use 'blocks', which holds all of them");

    [Fact]
    public Task Fix_of_a_pattern() => FixRun.Verify(new CorrectPatternFix(), Root("b?ocks"), Root("blocks"));
}
