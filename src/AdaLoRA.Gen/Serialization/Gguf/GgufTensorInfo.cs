using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>One tensor of a GGUF file, as its header describes it.</summary>
/// <param name="Name">Its name, for example <c>blk.0.attn_q.weight.lora_a</c>.</param>
/// <param name="Type">ggml's name of the element type: <c>F32</c>, <c>BF16</c>, <c>Q4_K</c> …</param>
/// <param name="Shape">Sizes of its dimensions in torch's order, rows first: the file has them reversed (ne[0] is the length of a row).</param>
/// <param name="Begin">First byte of its data, counted from the start of the data section.</param>
/// <param name="End">Byte after its last one, counted from the start of the data section.</param>
/// <param name="ScalarType">The TorchSharp type that holds it: F32, F16 and BF16 have one, null for all others.</param>
public sealed record GgufTensorInfo(string Name, string Type, IReadOnlyList<long> Shape, long Begin, long End, ScalarType? ScalarType)
{
    /// <summary>Bytes of its data, without the padding behind them.</summary>
    public long ByteCount => End - Begin;

    /// <summary>Type and sizes as people write them: <c>F32 [4, 32]</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Type} [{string.Join(", ", Shape)}]";
}
