using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Tests.Serialization.Gguf;

/// <summary>One file per rule, each wrong in one thing, with the sentence that must say so.</summary>
public sealed class GgufHostileTests
{
    private const ulong Huge = ulong.MaxValue;
    private const uint U8 = 0, Bool = 7, Str = 8, Arr = 9, U64 = 10;

    private static readonly Dictionary<string, (GgufBytes File, string Says)> Files = new()
    {
        ["other magic"] = (new(magic: "GGML"), "does not start with 'GGUF'"),
        ["version 1"] = (new(version: 1), "version 1"),
        ["version 0"] = (new(version: 0), "version 0"),
        ["version 4"] = (new(version: 4), "version 4"),
        ["big endian"] = (new(version: 0x03000000), "big endian"),
        ["2^64 values"] = (new(0, Huge), "the list of metadata values needs"),
        ["2^64 tensors"] = (new(Huge), "the list of tensors needs"),
        ["a value too many"] = (new GgufBytes(0, 2).Small("a"), "the list of metadata values needs"),
        ["a tensor too many"] = (new GgufBytes(2).Tensor("a", 0, 0, 1).Pad().Floats(1).Pad(), "dimensions; ggml has at most 4"),
        ["huge key"] = (new GgufBytes(0, 1).U64(Huge).Raw(new byte[40]), "claims 18446744073709551615 bytes, more than 65535"),
        ["key beyond the end"] = (new GgufBytes(0, 1).U64(60000).Raw(new byte[40]), "needs 60000 times 1 bytes, and the file has 40 left"),
        ["no key"] = (new GgufBytes(0, 1).Small("").Raw(1, 2, 3), "has no key"),
        ["NUL in a key"] = (new GgufBytes(0, 1).Small("a\0b"), "holds a NUL"),
        ["key not UTF-8"] = (new GgufBytes(0, 1).U64(1).Raw(0xFF).U32(U8).Raw(1), "is not valid UTF-8"),
        ["key twice"] = (new GgufBytes(0, 2).Small("a").Small("a"), "two metadata values 'a'"),
        ["unknown value type"] = (new GgufBytes(0, 1).Text("a").U32(13).U32(0), "type 13"),
        ["bool of 2"] = (new GgufBytes(0, 1).Text("a").U32(Bool).Raw(2), "bool of 2"),
        ["bool of 2 in an array"] = (new GgufBytes(0, 1).Text("a").U32(Arr).U32(Bool).U64(2).Raw(1, 2), "bool of 2"),
        ["huge string"] = (new GgufBytes(0, 1).Text("a").U32(Str).U64(Huge).Raw(new byte[9]), "claims 18446744073709551615 bytes"),
        ["string not UTF-8"] = (new GgufBytes(0, 1).Text("a").U32(Str).U64(2).Raw(0xC0, 0x80), "is not valid UTF-8"),
        ["huge array of numbers"] = (new GgufBytes(0, 1).Text("a").U32(Arr).U32(U64).U64(1UL << 61).U64(1), "needs 2305843009213693952 times 8 bytes"),
        ["huge array of strings"] = (new GgufBytes(0, 1).Text("a").U32(Arr).U32(Str).U64(Huge).U64(1), "times 8 bytes"),
        ["huge array of arrays"] = (new GgufBytes(0, 1).Text("a").U32(Arr).U32(Arr).U64(Huge).U64(1), "times 12 bytes"),
        ["array of an unknown type"] = (new GgufBytes(0, 1).Text("a").U32(Arr).U32(99).U64(0), "type 99"),
        ["arrays nine deep"] = (Nested(9), "more than 8 levels"),
        ["alignment 0"] = (new GgufBytes(0, 1).Alignment(0), "power of two"),
        ["alignment 48"] = (new GgufBytes(0, 1).Alignment(48), "power of two"),
        ["alignment as I32"] = (new GgufBytes(0, 1).Alignment(32, type: 5), "power of two"),
        ["alignment beyond the file"] = (new GgufBytes(1, 1).Alignment(1u << 31).Tensor("a", 0, 0, 0).Pad(), "is cut short"),
        ["tensor name not UTF-8"] = (new GgufBytes(1).U64(1).Raw(0xFF).U32(0).U32(0).U64(0).Pad().Floats(1), "is not valid UTF-8"),
        ["NUL in a tensor's name"] = (new GgufBytes(1).Tensor("a\0", 0, 0, 1).Pad().Floats(1), "holds a NUL"),
        ["tensor twice"] = (new GgufBytes(2).Tensor("a", 0, 0, 1).Tensor("a", 0, 32, 1).Pad().Floats(1).Pad().Floats(1), "two tensors 'a'"),
        ["five dimensions"] = (new GgufBytes(1).Tensor("a", 0, 0, 1, 1, 1, 1, 1).Pad().Floats(1), "5 dimensions"),
        ["2^32 - 1 dimensions"] = (new GgufBytes(1).Text("a").U32(uint.MaxValue).Raw(new byte[64]), "4294967295 dimensions"),
        ["negative size"] = (new GgufBytes(1).Tensor("a", 0, 0, Huge).Pad(), "negative size"),
        ["shape beyond 2^63"] = (new GgufBytes(1).Tensor("a", 0, 0, 1UL << 32, 1UL << 32).Pad(), "too large to exist"),
        ["bytes beyond 2^63"] = (new GgufBytes(1).Tensor("a", 0, 0, 1UL << 62).Pad(), "too large to exist"),
        ["strides beyond 2^63 of an empty tensor"] = (new GgufBytes(1).Tensor("a", 0, 0, 0, 1UL << 40, 1UL << 40).Pad(), "too large to exist"),
        ["unknown tensor type"] = (new GgufBytes(1).Tensor("a", 4, 0, 1).Pad().Floats(1), "type 4"),
        ["row that is no multiple of the block"] = (new GgufBytes(1).Tensor("a", 8, 0, 33).Pad().Raw(new byte[68]), "no multiple of its block of 32"),
        ["overlap"] = (new GgufBytes(2).Tensor("a", 0, 0, 8).Tensor("b", 0, 0, 8).Pad().Raw(new byte[64]), "starts at 0 and not at 32"),
        ["hole"] = (new GgufBytes(2).Tensor("a", 0, 0, 8).Tensor("b", 0, 64, 8).Pad().Raw(new byte[96]), "starts at 64 and not at 32"),
        ["other order"] = (new GgufBytes(2).Tensor("a", 0, 32, 8).Tensor("b", 0, 0, 8).Pad().Raw(new byte[64]), "starts at 32 and not at 0"),
        ["offset of 2^64"] = (new GgufBytes(1).Tensor("a", 0, Huge, 8).Pad().Raw(new byte[32]), "starts at 18446744073709551615"),
        ["ends beyond 2^63 together"] = (new GgufBytes(3).Tensor("a", 0, 0, 1UL << 60).Tensor("b", 0, 1UL << 62, 1UL << 60).Tensor("c", 0, 1UL << 63, 1).Pad(), "beyond 2^63"),
        ["data one byte short"] = (new GgufBytes(1).Tensor("a", 0, 0, 8).Pad().Raw(new byte[31]), "is cut short"),
        ["no data"] = (new GgufBytes(1).Tensor("a", 0, 0, 8), "is cut short"),
        ["a byte behind the padding"] = (new GgufBytes(1).Tensor("a", 0, 0, 1).Pad().Floats(1).Pad().Raw(0), "1 bytes that belong to no tensor"),
        ["bytes and no tensors"] = (new GgufBytes().Pad().Raw(0), "1 bytes that belong to no tensor"),
    };

    public static TheoryData<string> Cases() => [.. Files.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_is_wrong_is_said(string name)
    {
        (GgufBytes file, string says) = Files[name];
        GgufException refusal = Assert.Throws<GgufException>(() => GgufFile.Open(new MemoryStream(file.ToArray()), "case.gguf"));
        Assert.Contains("'case.gguf' is not a sound GGUF file: ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arrays_eight_deep_and_a_file_without_last_padding_are_sound()
    {
        GgufFile.Open(new MemoryStream(Nested(8).ToArray()), "nested").Dispose();
        GgufFile.Open(new MemoryStream(new GgufBytes(1).Tensor("a", 0, 0, 1).Pad().Floats(1).ToArray()), "unpadded").Dispose();
        GgufFile.Open(new MemoryStream(new GgufBytes().ToArray()), "empty").Dispose();
    }

    [Fact]
    public void Every_truncation_of_a_file_is_refused()
    {
        byte[] whole = new GgufBytes(1, 2).Small("a").Text("b").U32(Arr).U32(Str).U64(2).Text("x").Text("yz").Tensor("t", 0, 0, 8).Pad().Raw(new byte[32]).ToArray();
        GgufFile.Open(new MemoryStream(whole), "whole").Dispose();
        for (int length = 0; length < whole.Length; length++) Assert.Throws<GgufException>(() => GgufFile.Open(new MemoryStream(whole, 0, length), "cut"));
    }

    [Fact]
    public void A_claim_of_100_million_bytes_costs_no_memory()
    {
        byte[] bytes = new GgufBytes(0, 1).Text("a").U32(Arr).U32(U64).U64(12_000_000).U64(1).ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<GgufException>(() => GgufFile.Open(new MemoryStream(bytes), "claim"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
    }

    private static GgufBytes Nested(int levels)
    {
        GgufBytes bytes = new GgufBytes(0, 1).Text("a").U32(Arr);
        for (int level = 1; level < levels; level++) bytes.U32(Arr).U64(1);
        return bytes.U32(U8).U64(1).Raw(5);
    }
}
