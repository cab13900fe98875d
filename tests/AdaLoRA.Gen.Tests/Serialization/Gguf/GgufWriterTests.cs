using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Serialization.Gguf;

public sealed class GgufWriterTests
{
    [Fact]
    public void A_file_of_gguf_py_is_rewritten_byte_for_byte()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        string official = Fixtures.Path("formats", "lora-llama.gguf"), path = folder.File("rewritten.gguf");
        using GgufFile file = GgufFile.Open(official);
        GgufWriter.Write(path, file.Metadata, file.Names.Select(name => KeyValuePair.Create(name, file.Read(name))));
        Assert.True(File.ReadAllBytes(official).AsSpan().SequenceEqual(File.ReadAllBytes(path)), "it was not rewritten byte for byte");
    }

    [Fact]
    public void Metadata_of_every_type_come_back()
    {
        object[] values =
        [
            (byte)200, (sbyte)-3, (ushort)60000, (short)-30000, 4_000_000_000u, -2_000_000_000, 1UL << 63, long.MinValue, 1.5f, -2.25, true, false, "", "é 😀",
            new byte[] { 1, 255 }, new sbyte[] { -1 }, new ushort[] { 9 }, new short[] { -9 }, new[] { 7u }, new[] { -7 }, new[] { 1UL << 63 }, new[] { long.MinValue },
            new[] { 0.5f, float.NaN }, new[] { 0.25 }, new[] { true, false }, new[] { "a", "", "ü" }, Array.Empty<string>(),
        ];
        using var folder = new TemporaryFolder();
        GgufWriter.Write(folder.File("all.gguf"), values.Select((value, i) => KeyValuePair.Create($"k{i}", GgufValue.Of(value))), []);
        using GgufFile file = GgufFile.Open(folder.File("all.gguf"));
        Assert.Equal(values, file.Metadata.Values.Select(value => value.Value));
        Assert.Equal(values.Select(value => value.GetType()), file.Metadata.Values.Select(value => value.Value.GetType()));
    }

    [Fact]
    public void Arrays_of_arrays_come_back()
    {
        GgufValue nested = GgufValue.Of(new[] { GgufValue.Of(new[] { 1u, 2u }), GgufValue.Of(new[] { GgufValue.Of(new[] { "x" }) }), GgufValue.Of(Array.Empty<bool>()) });
        using var folder = new TemporaryFolder();
        GgufWriter.Write(folder.File("nested.gguf"), [new("n", nested)], []);
        using GgufFile file = GgufFile.Open(folder.File("nested.gguf"));
        var read = Assert.IsType<GgufValue[]>(file.Metadata["n"].Value);
        Assert.Equal([1u, 2u], Assert.IsType<uint[]>(read[0].Value));
        Assert.Equal(["x"], Assert.IsType<string[]>(Assert.IsType<GgufValue[]>(read[1].Value)[0].Value));
        Assert.Empty(Assert.IsType<bool[]>(read[2].Value));
    }

    [Fact]
    public void A_view_is_written_by_its_values_and_every_tensor_starts_at_the_alignment()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        Tensor matrix = torch.arange(15, dtype: ScalarType.Float32).view(3, 5);
        Tensor[] tensors = [matrix.t(), matrix[TensorIndex.Colon, TensorIndex.Slice(1, 3)], matrix.to(ScalarType.BFloat16), matrix.to(ScalarType.Float16), torch.tensor(2.5f), torch.empty(0, 3)];
        GgufWriter.Write(folder.File("views.gguf"), [], tensors.Select((tensor, i) => KeyValuePair.Create($"t{i}", tensor)));
        Assert.Equal(0, new FileInfo(folder.File("views.gguf")).Length % 32);
        using GgufFile file = GgufFile.Open(folder.File("views.gguf"));
        for (int i = 0; i < tensors.Length; i++)
        {
            Tensor read = file.Read($"t{i}");
            Assert.Equal(0, file.Tensors[$"t{i}"].Begin % 32);
            Assert.Equal((tensors[i].dtype, tensors[i].numel()), (read.dtype, read.numel()));
            Assert.Equal(tensors[i].shape, read.shape);
            Assert.True(tensors[i].eq(read).all().item<bool>());
        }
    }

    [Fact]
    public void What_cannot_be_written_is_refused_and_leaves_the_old_file_alone()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.gguf");
        GgufValue value = GgufValue.Of(1u);
        Tensor one = torch.ones(1);
        GgufWriter.Write(path, [new("k", value)], [new("x", one)]);
        byte[] before = File.ReadAllBytes(path);
        Refused("'k'", [new("k", value), new("k", value)], []);
        Refused("metadata key ''", [new("", value)], []);
        Refused("none of them NUL", [new("a\0", value)], []);
        Refused("surrogate", [new("\ud800", value)], []);
        Refused("surrogate", [new("k", GgufValue.Of("\ud800"))], []);
        Refused("null", [new("k", GgufValue.Of(new string[] { null! }))], []);
        Refused("leave the key away", [new("general.alignment", GgufValue.Of(64u))], []);
        Refused("named 'x'", [], [new("x", one), new("x", one)]);
        Refused("64 bytes", [], [new(new string('n', 64), one)]);
        Refused("Int64", [], [new("x", torch.ones(1, dtype: ScalarType.Int64))]);
        Refused("5 dimensions", [], [new("x", torch.ones([1, 1, 1, 1, 1]))]);
        Assert.Throws<GgufException>(() => GgufWriter.Write(folder.File("no/such/folder.gguf"), [], []));
        Assert.Throws<GgufException>(() => GgufValue.Of(DateTime.UnixEpoch));
        Assert.Throws<GgufException>(() => GgufValue.Of(new[] { value }));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));

        void Refused(string says, KeyValuePair<string, GgufValue>[] metadata, KeyValuePair<string, Tensor>[] tensors) =>
            Assert.Contains(says, Assert.Throws<GgufException>(() => GgufWriter.Write(path, metadata, tensors)).Message, StringComparison.Ordinal);
    }
}
