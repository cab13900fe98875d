using System.Numerics;
using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Tool.Inspection;

/// <summary>Finds NaN and infinity in raw elements: their exponent is all ones.</summary>
internal static class FiniteScan
{
    /// <summary>Whether every element is a number.</summary>
    /// <param name="dtype">F64, F32, F16 or BF16; of other types every value is a number.</param>
    /// <param name="bytes">Whole elements.</param>
    public static bool IsFinite(string dtype, ReadOnlySpan<byte> bytes) => dtype switch
    {
        "F64" => Scan(MemoryMarshal.Cast<byte, ulong>(bytes), 0x7ff0_0000_0000_0000UL),
        "F32" => Scan(MemoryMarshal.Cast<byte, uint>(bytes), 0x7f80_0000u),
        "F16" => Scan(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7c00),
        "BF16" => Scan(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7f80),
        _ => true,
    };

    private static bool Scan<T>(ReadOnlySpan<T> values, T exponent)
        where T : unmanaged, IBinaryInteger<T>
    {
        var mask = new Vector<T>(exponent);
        var wide = MemoryMarshal.Cast<T, Vector<T>>(values);
        foreach (var vector in wide)
        {
            if (Vector.EqualsAny(vector & mask, mask)) return false;
        }
        for (int i = wide.Length * Vector<T>.Count; i < values.Length; i++)
        {
            if ((values[i] & exponent) == exponent) return false;
        }
        return true;
    }
}
