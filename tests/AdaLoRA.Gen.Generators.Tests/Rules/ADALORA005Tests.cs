using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The rank is at most min(in, out) of every target.</summary>
public sealed class ADALORA005Tests
{
    internal static RuleCase Case => new(SampleModels.Annotated("""[LoRA(Rank = {|ADALORA005:9|}, Targets = ["*.query"])]"""), "Rank 9 is larger than a side of 'blocks.*.query' (8 × 8); use at most 8");

    internal static FixCase[] Fixes => [new(new LowerRankFix(), SampleModels.Annotated("""[LoRA(Rank = 9, Targets = ["*.query"])]"""), SampleModels.Annotated("""[LoRA(Rank = 8, Targets = ["*.query"])]"""))];

    [Fact]
    public Task Initial_rank_above_the_smallest_target() => AnalyzerRun.Verify(SampleModels.Annotated("""[AdaLoRA(Budget = 8, InitialRank = {|ADALORA005:5|}, Targets = ["*.query", "*.key"])]"""),
        "InitialRank 5 is larger than a side of 'blocks.*.key' (8 × 4); use at most 4");

    [Fact]
    public Task Every_target_that_is_too_small() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 8, InitialRank = {|ADALORA005:5|}, Targets = ["*"])]""",
            "private readonly Linear a = Linear(8, 4), b = Linear(5, 5), c = Linear(3, 8), d = Linear(4, 4), e = Linear(8, 4);"),
        "InitialRank 5 is larger than a side of 'c' (3 × 8), 'a' (8 × 4), 'd' (4 × 4) and 1 more; use at most 3");

    [Fact]
    public Task Rank_of_plain_LoRA() => AnalyzerRun.Verify(SampleModels.Annotated("""[LoRA(Rank = {|ADALORA005:9|}, Targets = ["*.query"])]"""),
        "Rank 9 is larger than a side of 'blocks.*.query' (8 × 8); use at most 8");

    [Fact]
    public Task Sizes_are_folded_constants_and_named_arguments() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 1, InitialRank = {|ADALORA005:4|}, Targets = ["q"])]""", "const int D = 2; private readonly Linear q = Linear(outputSize: D + 1, inputSize: 16 * D);"),
        "InitialRank 4 is larger than a side of 'q' (32 × 3); use at most 3");

    [Theory]
    [InlineData("Conv2d", "Conv2d(1, 16, (1, 3))", 3, 16, 3)]
    [InlineData("Conv1d", "Conv1d(8, 4, 3, groups: 4)", 6, 4, 4)]
    [InlineData("Embedding", "Embedding(3, 8)", 3, 8, 3)]
    [InlineData("TransposedLinear", "new(8, 2)", 8, 2, 2)]
    [InlineData("QuantizableLinear", "new(8, 2)", 8, 2, 2)]
    [InlineData("QuantizableEmbedding", "new(3, 8)", 3, 8, 3)]
    public Task Other_kinds_of_layers(string type, string value, int inFeatures, int outFeatures, int most) => AnalyzerRun.Verify(
        SampleModels.Annotated("""[LoRA(Rank = {|ADALORA005:5|}, Targets = ["q"])]""", $"private readonly {type} q = {value};"),
        $"Rank 5 is larger than a side of 'q' ({inFeatures} × {outFeatures}); use at most {most}");

    [Fact]
    public Task Sizes_of_what_a_local_held() => AnalyzerRun.Verify("""
        [AdaLoRA(Budget = 1, InitialRank = {|ADALORA005:4|}, Targets = ["layers.*"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly ModuleList<Linear> layers = [];
            public M() : base("m")
            {
                for (int i = 0; i < 3; i++)
                {
                    var layer = Linear(3, 5, hasBias: false);
                    layers.Add(layer);
                }
                RegisterComponents();
            }
            public override Tensor forward(Tensor x) => x;
        }
        """, "InitialRank 4 is larger than a side of 'layers.*' (3 × 5); use at most 3");

    [Fact]
    public Task Sizes_that_only_the_run_knows() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 1, InitialRank = 400, Targets = ["q"])]""", "static readonly int D = 2; private readonly Linear q = Linear(D, D);"));

    [Fact]
    public Task Fix_lowers_it() => FixRun.Verify(new LowerRankFix(),
        SampleModels.Annotated("""[AdaLoRA(Budget = 6, InitialRank = 2 * 3, Targets = ["*.key"])]"""), SampleModels.Annotated("""[AdaLoRA(Budget = 6, InitialRank = 4, Targets = ["*.key"])]"""));
}
