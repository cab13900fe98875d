using System.Runtime.InteropServices;
using AdaLoRA.Gen.Autograd;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Tool.Files;

/// <summary>The floating-point elements of a safetensors file in memory. The format is little endian, as is every machine .NET runs on with this library.</summary>
internal static unsafe class Elements
{
    /// <summary>Whether the tool can compute with a type.</summary>
    public static bool IsFloat(string dtype) => dtype is "F64" or "F32" or "F16" or "BF16";

    /// <summary>Bytes of one element.</summary>
    public static int Size(string dtype) => SafetensorsDType.Find(dtype)!.Bits / 8;

    /// <summary>Widens to float64, exactly.</summary>
    public static void Read(string dtype, ReadOnlySpan<byte> bytes, Span<double> to)
    {
        switch (dtype)
        {
            case "F64":
                MemoryMarshal.Cast<byte, double>(bytes).CopyTo(to);
                break;
            case "F32":
                var floats = MemoryMarshal.Cast<byte, float>(bytes);
                for (int i = 0; i < to.Length; i++) to[i] = floats[i];
                break;
            case "F16":
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < to.Length; i++) to[i] = (double)halves[i];
                break;
            default:
                var brains = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < to.Length; i++) to[i] = BitConverter.UInt32BitsToSingle((uint)brains[i] << 16);
                break;
        }
    }

    /// <summary>Widens to float32: exactly, but for F64, which is rounded.</summary>
    public static void Read(string dtype, ReadOnlySpan<byte> bytes, Span<float> to)
    {
        switch (dtype)
        {
            case "F64":
                var doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (int i = 0; i < to.Length; i++) to[i] = (float)doubles[i];
                break;
            case "F32":
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(to);
                break;
            case "F16":
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < to.Length; i++) to[i] = (float)halves[i];
                break;
            default:
                fixed (ushort* from = MemoryMarshal.Cast<byte, ushort>(bytes))
                fixed (float* target = to) BFloat16Rows.Widen(from, target, to.Length);
                break;
        }
    }

    /// <summary>Rounds to a type, to the nearest, ties to even.</summary>
    public static void Write(string dtype, ReadOnlySpan<float> from, Span<byte> bytes)
    {
        switch (dtype)
        {
            case "F64":
                var doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (int i = 0; i < from.Length; i++) doubles[i] = from[i];
                break;
            case "F32":
                from.CopyTo(MemoryMarshal.Cast<byte, float>(bytes));
                break;
            case "F16":
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < from.Length; i++) halves[i] = (Half)from[i];
                break;
            default:
                // 0 + x, rounded once.
                bytes.Clear();
                fixed (float* source = from)
                fixed (ushort* target = MemoryMarshal.Cast<byte, ushort>(bytes)) BFloat16Rows.Add(source, target, from.Length);
                break;
        }
    }

    /// <summary>Rounds to a type. Through float32 on the way to sixteen bits, as torch does.</summary>
    public static void Write(string dtype, ReadOnlySpan<double> from, Span<byte> bytes)
    {
        if (dtype == "F64")
        {
            from.CopyTo(MemoryMarshal.Cast<byte, double>(bytes));
            return;
        }
        float[] floats = new float[from.Length];
        for (int i = 0; i < floats.Length; i++) floats[i] = (float)from[i];
        Write(dtype, floats, bytes);
    }
}
