namespace AdaLoRA.Gen.Serialization;

/// <summary>Types of metadata values, with the numbers they have in the file (<c>gguf_metadata_value_type</c> of ggml's docs/gguf.md).</summary>
public enum GgufValueType
{
    /// <summary><see cref="byte"/>.</summary>
    U8 = 0,
    /// <summary><see cref="sbyte"/>.</summary>
    I8 = 1,
    /// <summary><see cref="ushort"/>.</summary>
    U16 = 2,
    /// <summary><see cref="short"/>.</summary>
    I16 = 3,
    /// <summary><see cref="uint"/>.</summary>
    U32 = 4,
    /// <summary><see cref="int"/>.</summary>
    I32 = 5,
    /// <summary><see cref="float"/>.</summary>
    F32 = 6,
    /// <summary><see cref="bool"/>.</summary>
    Bool = 7,
    /// <summary><see cref="string"/>.</summary>
    Text = 8,
    /// <summary>An array of one of the other types, or of arrays.</summary>
    Array = 9,
    /// <summary><see cref="ulong"/>.</summary>
    U64 = 10,
    /// <summary><see cref="long"/>.</summary>
    I64 = 11,
    /// <summary><see cref="double"/>.</summary>
    F64 = 12,
}
