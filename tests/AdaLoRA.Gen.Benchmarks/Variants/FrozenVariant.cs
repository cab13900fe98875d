using AdaLoRA.Gen.Benchmarks.Stack;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>The floor: forward and backward to the input, no adapter.</summary>
internal sealed class FrozenVariant(FrozenWeights weights) : Variant(Frozen, weights)
{
    protected override Encoder Model { get; } = new(weights);
}
