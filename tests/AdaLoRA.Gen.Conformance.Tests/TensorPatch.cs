using System.Buffers.Binary;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Conformance.Tests;

/// <summary>Changes one number of a safetensors file where it lies.</summary>
internal static class TensorPatch
{
    /// <param name="path">The file.</param>
    /// <param name="name">A tensor of float64 or float32.</param>
    /// <param name="index">Its element, counted in memory order.</param>
    /// <param name="change">Gives the new value.</param>
    public static void Apply(string path, string name, int index, Func<double, double> change)
    {
        long begin;
        string dtype;
        using (var file = SafetensorsFile.Open(path)) (begin, dtype) = (file.Entries[name].Begin, file.Entries[name].DType);
        byte[] bytes = File.ReadAllBytes(path);
        int size = dtype == "F64" ? 8 : 4;
        var at = bytes.AsSpan((int)(8 + (long)BinaryPrimitives.ReadUInt64LittleEndian(bytes) + begin) + size * index, size);
        if (size == 8) BinaryPrimitives.WriteDoubleLittleEndian(at, change(BinaryPrimitives.ReadDoubleLittleEndian(at)));
        else BinaryPrimitives.WriteSingleLittleEndian(at, (float)change(BinaryPrimitives.ReadSingleLittleEndian(at)));
        File.WriteAllBytes(path, bytes);
    }
}
