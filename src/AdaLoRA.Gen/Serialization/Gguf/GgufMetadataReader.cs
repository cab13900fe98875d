namespace AdaLoRA.Gen.Serialization;

/// <summary>Reads one metadata value of a GGUF header: its type, then what the type says.</summary>
internal static class GgufMetadataReader
{
    /// <summary>An array takes at least its type and its length, a string its length: what bounds the number of them.</summary>
    private const int SmallestArray = sizeof(uint) + sizeof(ulong), SmallestString = sizeof(ulong);

    internal static GgufValue Read(GgufHeaderReader reader, string key)
    {
        string what = $"the value of '{key}'";
        GgufValueType type = ReadType(reader, what);
        return type == GgufValueType.Array ? ReadArray(reader, what, 1) : GgufValue.Of(ReadSingle(reader, type, what));
    }

    private static GgufValueType ReadType(GgufHeaderReader reader, string what)
    {
        uint type = reader.Number<uint>(what);
        return type <= (uint)GgufValueType.F64 ? (GgufValueType)type : throw new GgufException($"{what} has the type {type}, which the format does not know");
    }

    private static object ReadSingle(GgufHeaderReader reader, GgufValueType type, string what) => type switch
    {
        GgufValueType.U8 => reader.Number<byte>(what),
        GgufValueType.I8 => reader.Number<sbyte>(what),
        GgufValueType.U16 => reader.Number<ushort>(what),
        GgufValueType.I16 => reader.Number<short>(what),
        GgufValueType.U32 => reader.Number<uint>(what),
        GgufValueType.I32 => reader.Number<int>(what),
        GgufValueType.U64 => reader.Number<ulong>(what),
        GgufValueType.I64 => reader.Number<long>(what),
        GgufValueType.F32 => reader.Number<float>(what),
        GgufValueType.F64 => reader.Number<double>(what),
        GgufValueType.Bool => ToBool(reader.Number<byte>(what), what),
        _ => reader.Text(what),
    };

    private static GgufValue ReadArray(GgufHeaderReader reader, string what, int depth)
    {
        if (depth > GgufValue.DeepestArray) throw new GgufException($"{what} has more than {GgufValue.DeepestArray} levels of arrays");
        GgufValueType type = ReadType(reader, what);
        ulong count = reader.Number<ulong>(what);
        return GgufValue.Of(type switch
        {
            GgufValueType.U8 => reader.Numbers<byte>(count, what),
            GgufValueType.I8 => reader.Numbers<sbyte>(count, what),
            GgufValueType.U16 => reader.Numbers<ushort>(count, what),
            GgufValueType.I16 => reader.Numbers<short>(count, what),
            GgufValueType.U32 => reader.Numbers<uint>(count, what),
            GgufValueType.I32 => reader.Numbers<int>(count, what),
            GgufValueType.U64 => reader.Numbers<ulong>(count, what),
            GgufValueType.I64 => reader.Numbers<long>(count, what),
            GgufValueType.F32 => reader.Numbers<float>(count, what),
            GgufValueType.F64 => reader.Numbers<double>(count, what),
            GgufValueType.Bool => Array.ConvertAll(reader.Numbers<byte>(count, what), value => ToBool(value, what)),
            GgufValueType.Text => Fill(new string[reader.Need(count, SmallestString, what)], () => reader.Text(what)),
            _ => Fill(new GgufValue[reader.Need(count, SmallestArray, what)], () => ReadArray(reader, what, depth + 1)),
        });
    }

    private static T[] Fill<T>(T[] items, Func<T> read)
    {
        for (int i = 0; i < items.Length; i++) items[i] = read();
        return items;
    }

    private static bool ToBool(byte value, string what) => value <= 1 ? value == 1 : throw new GgufException($"{what} is a bool of {value}; only 0 and 1 are");
}
