using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AdaLoRA.Gen.Serialization;

/// <summary>A tensor of a safetensors file that is written.</summary>
/// <param name="Name">Its key.</param>
/// <param name="DType">Its element type.</param>
/// <param name="Shape">Sizes of its dimensions.</param>
/// <param name="WriteData">Writes exactly <see cref="ByteCount"/> bytes from a position of the file on.</param>
internal sealed record WrittenTensor(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape, Action<SafeFileHandle, long> WriteData)
{
    /// <summary>Bytes of its data.</summary>
    public long ByteCount => Shape.Aggregate(1L, (product, size) => checked(product * size)) * DType.Bits / 8;

    /// <summary>One whose elements are in memory.</summary>
    public static WrittenTensor Of<T>(string name, SafetensorsDType dtype, IReadOnlyList<long> shape, T[] elements)
        where T : unmanaged
        => new(name, dtype, shape, (file, position) => WriteAll(file, elements, position));

    /// <summary>Writes an array's bytes, in pieces that a span can address.</summary>
    internal static void WriteAll<T>(SafeFileHandle file, T[] elements, long position)
        where T : unmanaged
    {
        const int piece = 1 << 26;
        for (int start = 0; start < elements.Length; start += piece)
        {
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(elements.AsSpan(start, Math.Min(piece, elements.Length - start)));
            RandomAccess.Write(file, bytes, position);
            position += bytes.Length;
        }
    }
}
