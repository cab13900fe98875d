using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>One tensor of a safetensors file, as its header describes it.</summary>
/// <param name="Name">Key of the tensor, for example <c>encoder.layer.0.attention.self.query.weight</c>.</param>
/// <param name="DType">The format's own name of the element type: <c>F32</c>, <c>BF16</c>, <c>I8</c>, <c>F8_E4M3</c> …</param>
/// <param name="Shape">Sizes of its dimensions; empty for a scalar.</param>
/// <param name="Begin">First byte of its data, counted from the end of the header.</param>
/// <param name="End">Byte after its last one, counted from the end of the header.</param>
public sealed record SafetensorsEntry(string Name, string DType, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Bytes of its data.</summary>
    public long ByteCount => End - Begin;

    /// <summary>The TorchSharp type that holds it, or null when TorchSharp has none (the 8-bit, 6-bit and 4-bit floats, U16, U32, U64, C64).</summary>
    public ScalarType? ScalarType => SafetensorsDType.Find(DType)?.Scalar;

    /// <summary>Type and sizes as people write them: <c>F32 [384, 1536]</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{DType} [{string.Join(", ", Shape)}]";
}
