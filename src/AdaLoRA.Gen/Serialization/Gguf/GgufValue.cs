namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// One metadata value of a GGUF file. <see cref="Value"/> holds it as the C# type of the same width: match on it, as in <c>value.Value is string name</c>.
/// </summary>
public sealed class GgufValue
{
    /// <summary>How deep arrays may lie in arrays. The format sets no limit; llama.cpp refuses even the first level.</summary>
    internal const int DeepestArray = 8;

    private static readonly Dictionary<Type, GgufValueType> Types = new()
    {
        [typeof(byte)] = GgufValueType.U8, [typeof(sbyte)] = GgufValueType.I8, [typeof(ushort)] = GgufValueType.U16, [typeof(short)] = GgufValueType.I16,
        [typeof(uint)] = GgufValueType.U32, [typeof(int)] = GgufValueType.I32, [typeof(ulong)] = GgufValueType.U64, [typeof(long)] = GgufValueType.I64,
        [typeof(float)] = GgufValueType.F32, [typeof(double)] = GgufValueType.F64, [typeof(bool)] = GgufValueType.Bool, [typeof(string)] = GgufValueType.Text,
        [typeof(GgufValue)] = GgufValueType.Array,
    };

    private GgufValue(object value, GgufValueType type, GgufValueType? elementType, int depth) => (Value, Type, ElementType, Depth) = (value, type, elementType, depth);

    /// <summary>
    /// The value: a number, a <see cref="bool"/>, a <see cref="string"/>, an array of those (<c>uint[]</c>, <c>string[]</c> …), or <c>GgufValue[]</c> for an array of arrays.
    /// </summary>
    public object Value { get; }

    /// <summary>Its type in the file.</summary>
    public GgufValueType Type { get; }

    /// <summary>Type of its elements if it is an array, else null.</summary>
    public GgufValueType? ElementType { get; }

    /// <summary>Levels of arrays: 0 for a number, 1 for an array of numbers.</summary>
    internal int Depth { get; }

    /// <summary>Wraps a value.</summary>
    /// <param name="value">A number, bool or string, an array of one of them, or <c>GgufValue[]</c> whose elements are all arrays.</param>
    /// <returns>The value with its type in the file.</returns>
    /// <exception cref="GgufException">The format has no such type, or arrays lie too deep in arrays.</exception>
    public static GgufValue Of(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value is GgufValue[] nested) return OfArrays([.. nested]);
        Type type = value.GetType();
        if (type.IsSZArray && Types.TryGetValue(type.GetElementType()!, out GgufValueType element)) return new GgufValue(value, GgufValueType.Array, element, 1);
        if (value is not GgufValue && Types.TryGetValue(type, out GgufValueType single)) return new GgufValue(value, single, null, 0);
        throw new GgufException($"GGUF has no metadata type for {type}; give a number, a bool, a string or an array of one of them.");
    }

    /// <summary>The value as people write it; long arrays are cut.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        if (Value is not Array array) return FormattableString.Invariant($"{Value}");
        string shown = string.Join(", ", array.Cast<object>().Take(5).Select(element => FormattableString.Invariant($"{element}")));
        return $"[{shown}{(array.Length > 5 ? $", … {array.Length} in all" : "")}]";
    }

    private static GgufValue OfArrays(GgufValue[] nested)
    {
        if (nested.Any(element => element is not { Type: GgufValueType.Array })) throw new GgufException("An array of GgufValue holds arrays only; give numbers as uint[], float[] and so on.");
        int depth = 1 + nested.Select(element => element.Depth).DefaultIfEmpty(0).Max();
        if (depth > DeepestArray) throw new GgufException($"A metadata value has {depth} levels of arrays; at most {DeepestArray} are read or written.");
        return new GgufValue(nested, GgufValueType.Array, GgufValueType.Array, depth);
    }
}
