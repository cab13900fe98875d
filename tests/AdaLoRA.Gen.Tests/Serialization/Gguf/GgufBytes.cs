using System.Text;

namespace AdaLoRA.Gen.Tests.Serialization.Gguf;

/// <summary>Puts GGUF files together field by field, right or wrong. Written from docs/gguf.md of ggml, without the code under test.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte> _bytes = [];

    internal GgufBytes(ulong tensors = 0, ulong values = 0, uint version = 3, string magic = "GGUF")
    {
        Raw(Encoding.ASCII.GetBytes(magic)).U32(version).U64(tensors).U64(values);
    }

    internal GgufBytes Raw(params byte[] bytes) { _bytes.AddRange(bytes); return this; }

    internal GgufBytes U32(uint number) => Raw(BitConverter.GetBytes(number));

    internal GgufBytes U64(ulong number) => Raw(BitConverter.GetBytes(number));

    internal GgufBytes Text(string text) => U64((ulong)Encoding.UTF8.GetByteCount(text)).Raw(Encoding.UTF8.GetBytes(text));

    /// <summary>A metadata value of type U8.</summary>
    internal GgufBytes Small(string key, byte value = 7) => Text(key).U32(0).Raw(value);

    internal GgufBytes Alignment(uint value, uint type = 4) => Text("general.alignment").U32(type).U32(value);

    internal GgufBytes Tensor(string name, uint type, ulong offset, params ulong[] ne)
    {
        Text(name).U32((uint)ne.Length);
        foreach (ulong size in ne) U64(size);
        return U32(type).U64(offset);
    }

    internal GgufBytes Pad(int alignment = 32)
    {
        while (_bytes.Count % alignment != 0) _bytes.Add(0);
        return this;
    }

    internal GgufBytes Floats(params float[] values)
    {
        foreach (float value in values) Raw(BitConverter.GetBytes(value));
        return this;
    }

    internal byte[] ToArray() => [.. _bytes];
}
