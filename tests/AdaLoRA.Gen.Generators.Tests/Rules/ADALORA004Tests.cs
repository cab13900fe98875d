using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A target is a layer that can carry an adapter.</summary>
public sealed class ADALORA004Tests
{
    internal static RuleCase Case => new(SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{|ADALORA004:norm|}"])]""", "private readonly LayerNorm norm = LayerNorm(8);"),
        $"'norm' matches 'norm', a LayerNorm: {Reason}");

    private const string Reason = "adapters go on Linear, TransposedLinear, QuantizableLinear, Conv1d, Conv2d, Conv3d, Embedding and QuantizableEmbedding; target one of these, or build the block from them";

    [Theory]
    [InlineData("ConvTranspose2d", "ConvTranspose2d(2, 2, 1)")]
    [InlineData("LSTM", "LSTM(8, 8)")]
    [InlineData("EmbeddingBag", "EmbeddingBag(8, 2)")]
    [InlineData("LayerNorm", "LayerNorm(8)")]
    public Task Layer_by_name(string type, string value) => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{|ADALORA004:la*r|}"])]""", $"private readonly {type} layer = {value};"),
        $"'la*r' matches 'layer', a {type}: {Reason}");

    [Theory]
    [InlineData("Conv1d", "Conv1d(2, 2, 1)")]
    [InlineData("Conv2d", "Conv2d(2, 2, 1)")]
    [InlineData("Conv3d", "Conv3d(2, 2, 1)")]
    [InlineData("Embedding", "Embedding(8, 2)")]
    [InlineData("TransposedLinear", "new(8, 2)")]
    [InlineData("QuantizableLinear", "new(8, 2)")]
    [InlineData("QuantizableEmbedding", "new(8, 2)")]
    public Task Kinds_that_carry_adapters(string type, string value) =>
        AnalyzerRun.Verify(SampleModels.Annotated("""[LoRA(Rank = 2, Targets = ["layer"])]""", $"private readonly {type} layer = {value};"));

    [Fact]
    public Task Native_attention_as_an_alternative() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{{|ADALORA004:attention|},q}"])]""", "private readonly MultiheadAttention attention = MultiheadAttention(8, 2); private readonly Linear q = Linear(8, 8);"),
        "'attention' matches 'attention', a MultiheadAttention: " + Reason.Replace("these,", "these, such as 'q',", StringComparison.Ordinal));

    [Fact]
    public Task The_layer_beside_it_is_named() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{|ADALORA004:block.norm|}"])]""", "private readonly Linear head = Linear(8, 8); private readonly Norms block = new();") + """

        public sealed class Norms : Module<Tensor, Tensor>
        {
            private readonly LayerNorm norm = LayerNorm(8);
            private readonly Linear dense = Linear(8, 8);
            public Norms() : base("n") => RegisterComponents();
            public override Tensor forward(Tensor x) => dense.call(norm.call(x));
        }
        """,
        "'block.norm' matches 'block.norm', a LayerNorm: " + Reason.Replace("these,", "these, such as '*.dense',", StringComparison.Ordinal));

    [Fact]
    public Task A_star_may_pass_over_it() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["*"])]""", "private readonly LayerNorm norm = LayerNorm(8); private readonly Linear q = Linear(8, 8);"));
}
