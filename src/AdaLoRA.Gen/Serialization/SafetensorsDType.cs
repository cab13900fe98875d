using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// The element types of the format. <paramref name="Order"/> is the official library's own order of them: its writer lays tensors out by it, descending, which puts
/// wide elements first and so keeps every tensor aligned.
/// </summary>
internal sealed record SafetensorsDType(string Name, int Bits, int Order, ScalarType? Scalar)
{
    private static readonly SafetensorsDType[] All =
    [
        new("BOOL", 8, 0, ScalarType.Bool),
        new("F4", 4, 1, null), new("F6_E2M3", 6, 2, null), new("F6_E3M2", 6, 3, null),
        new("U8", 8, 4, ScalarType.Byte), new("I8", 8, 5, ScalarType.Int8),
        new("F8_E5M2", 8, 6, null), new("F8_E4M3", 8, 7, null), new("F8_E8M0", 8, 8, null),
        new("I16", 16, 9, ScalarType.Int16), new("U16", 16, 10, null),
        new("F16", 16, 11, ScalarType.Float16), new("BF16", 16, 12, ScalarType.BFloat16),
        new("I32", 32, 13, ScalarType.Int32), new("U32", 32, 14, null), new("F32", 32, 15, ScalarType.Float32),
        new("C64", 64, 16, null), new("F64", 64, 17, ScalarType.Float64), new("I64", 64, 18, ScalarType.Int64), new("U64", 64, 19, null),
    ];

    private static readonly Dictionary<string, SafetensorsDType> ByName = All.ToDictionary(type => type.Name);
    private static readonly Dictionary<ScalarType, SafetensorsDType> ByScalar = All.Where(type => type.Scalar is not null).ToDictionary(type => type.Scalar!.Value);

    internal static SafetensorsDType? Find(string name) => ByName.GetValueOrDefault(name);

    internal static SafetensorsDType? Find(ScalarType scalar) => ByScalar.GetValueOrDefault(scalar);
}
