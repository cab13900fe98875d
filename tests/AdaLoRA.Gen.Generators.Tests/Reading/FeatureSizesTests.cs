using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Reading;

/// <summary>Sizes that the source states are those that the run time reads off the layer's weight.</summary>
public sealed class FeatureSizesTests
{
    private static string Model(string type, string value, string members = "") => $$"""
        [LoRA(Rank = 1, Targets = ["layer"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private const int Four = 4;
            private static readonly long s_three = long.Parse("3");
            private readonly {{type}} layer = {{value}};
            {{members}}
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """;

    [Theory]
    [InlineData("Linear", "Linear(6, 5)", 6, 5)]
    [InlineData("Linear", "Linear(outputSize: Four + 1, inputSize: 6)", 6, 5)]
    [InlineData("TransposedLinear", "new(6, 5)", 6, 5)]
    [InlineData("TransposedLinear", "new TransposedLinear(outFeatures: 5, inFeatures: 6L, hasBias: false)", 6, 5)]
    [InlineData("QuantizableLinear", "new(6, 5)", 6, 5)]
    [InlineData("QuantizableLinear", "new QuantizableLinear(outFeatures: 5, inFeatures: 6L, weights: BaseWeights.Int8Rows)", 6, 5)]
    [InlineData("Embedding", "Embedding(9, Four)", 9, 4)]
    [InlineData("QuantizableEmbedding", "new(9, Four, weights: BaseWeights.Int8Rows)", 9, 4)]
    [InlineData("Conv1d", "Conv1d(6, 5, 3)", 18, 5)]
    [InlineData("Conv1d", "Conv1d(6, Four, kernel_size: 3, stride: 2, groups: 2)", 9, 4)]
    [InlineData("Conv1d", "Conv1d(6, 4, 3, Padding.Same, groups: 2)", 9, 4)]
    [InlineData("Conv2d", "Conv2d(6, 5, 3)", 54, 5)]
    [InlineData("Conv2d", "Conv2d(6, 5, (3, 2))", 36, 5)]
    [InlineData("Conv2d", "Conv2d(6, 4, (3L, (long)Four), Padding.Same, groups: 2)", 36, 4)]
    [InlineData("Conv3d", "Conv3d(6, 5, 3)", 162, 5)]
    [InlineData("Conv3d", "Conv3d(6, 4, (1, 2, Four), groups: 2)", 24, 4)]
    public void Stated(string type, string value, int inFeatures, int outFeatures)
    {
        var loaded = LoadedModel.From(Model(type, value));
        var layer = Assert.Single(loaded.Collected);
        Assert.Equal((inFeatures, outFeatures), (layer.InFeatures, layer.OutFeatures));
        Assert.Equal(new AdapterSlot("layer", inFeatures, outFeatures), Assert.Single(loaded.Plan.Slots.ToArray()));
    }

    [Theory]
    [InlineData("Linear", "Linear(6, s_three)", 6, -1)]
    [InlineData("TransposedLinear", "new(s_three, 5)", -1, 5)]
    [InlineData("QuantizableLinear", "QuantizableLinear.From(Linear(6, 5))", -1, -1)]
    [InlineData("QuantizableEmbedding", "new(9, s_three)", 9, -1)]
    [InlineData("Embedding", "Embedding_from_pretrained(zeros(9, 4))", -1, -1)]
    [InlineData("Conv1d", "Conv1d(6, 5, s_three)", -1, 5)]
    [InlineData("Conv2d", "Conv2d(6, 5, (3, s_three))", -1, 5)]
    [InlineData("Conv2d", "Conv2d(6, 6, 1, groups: s_three)", -1, 6)]
    [InlineData("Conv2d", "Conv2d(6, 5, DateTime.Now.Year > 1 ? 3 : 2)", -1, 5)]
    [InlineData("TransposedLinear", "Make()", -1, -1, "private static TransposedLinear Make() => new(6, 5);")]
    [InlineData("Embedding", "DateTime.Now.Year > 1 ? Embedding(9, 4) : Embedding(8, 4)", -1, 4)]
    public void Left_to_the_run(string type, string value, int inFeatures, int outFeatures, string members = "") =>
        Assert.Equal(new AdapterSlot("layer", inFeatures, outFeatures), Assert.Single(LoadedModel.From(Model(type, value, members)).Plan.Slots.ToArray()));

    /// <summary>Nothing in the source may overflow the reader.</summary>
    [Theory]
    [InlineData("Conv3d", "Conv3d(2000000000, 5, (2000000000, 2000000000, 2000000000))", 5)]
    [InlineData("Conv2d", "Conv2d(7, 6, 1, groups: 2)", 6)]
    [InlineData("Conv2d", "Conv2d(6, 6, 0)", 6)]
    public void Impossible(string type, string value, int outFeatures) =>
        Assert.Contains($"new(\"layer\", -1, {outFeatures}),", GeneratorRun.On(Model(type, value)).Model, StringComparison.Ordinal);
}
