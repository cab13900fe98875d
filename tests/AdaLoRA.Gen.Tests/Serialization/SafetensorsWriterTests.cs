using System.Text.Json;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Serialization;

public sealed class SafetensorsWriterTests
{
    [Theory]
    [InlineData("hf", "bert", "model.safetensors")]
    [InlineData("hf", "bert", "io.safetensors")]
    [InlineData("minilm", "io.safetensors")]
    public void A_file_of_the_official_library_is_rewritten_byte_for_byte(params string[] fixture)
    {
        AssertRewrite(Fixtures.Path(fixture));
    }

    [Fact]
    public void The_quantised_MiniLM_is_rewritten_byte_for_byte() => AssertRewrite(Path.Combine(Fixtures.MiniLM, "model.safetensors"));

    [Theory]
    [InlineData("valid")]
    [InlineData("scalar")]
    [InlineData("no tensors")]
    [InlineData("name empty")]
    [InlineData("unicode name")]
    [InlineData("all dtypes")]
    public void Small_files_of_the_official_library_are_rewritten_byte_for_byte(string name)
    {
        using JsonDocument verdicts = Fixtures.Json("formats", "safetensors-verdicts.json");
        JsonElement row = verdicts.RootElement.GetProperty("cases").EnumerateArray().Single(r => r.GetProperty("case").GetString() == name);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("official.safetensors"), row.GetProperty("file").GetBytesFromBase64());
        AssertRewrite(folder.File("official.safetensors"));
    }

    [Fact]
    public void A_view_is_written_by_its_values()
    {
        using var folder = new TemporaryFolder();
        Tensor matrix = torch.arange(12, dtype: ScalarType.Float32).view(3, 4);
        Tensor leaf = matrix.clone().requires_grad_(true);
        SafetensorsWriter.Write(folder.File("views.safetensors"), [new("t", matrix.t()), new("s", matrix[TensorIndex.Colon, TensorIndex.Slice(1, 3)]), new("g", leaf.t())]);
        using SafetensorsFile file = SafetensorsFile.Open(folder.File("views.safetensors"));
        AssertSame(matrix.t(), file.Read("t"));
        AssertSame(matrix[TensorIndex.Colon, TensorIndex.Slice(1, 3)], file.Read("s"));
        AssertSame(matrix.t(), file.Read("g"));
    }

    [Fact]
    public void Names_and_metadata_with_every_kind_of_character_come_back()
    {
        using var folder = new TemporaryFolder();
        string odd = "q\"b\\n\nc\u0001 é 😀 \uffff";
        SafetensorsWriter.Write(folder.File("odd.safetensors"), [new(odd, torch.ones(1))], [new("b" + odd, odd), new("a", "")]);
        using SafetensorsFile file = SafetensorsFile.Open(folder.File("odd.safetensors"));
        Assert.Equal([odd], file.Names);
        Assert.Equal(odd, file.Metadata["b" + odd]);
        Assert.Equal("", file.Metadata["a"]);
    }

    [Fact]
    public void What_cannot_be_written_is_refused_and_leaves_the_old_file_alone()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        SafetensorsWriter.Write(path, [new("x", torch.ones(2))]);
        byte[] before = File.ReadAllBytes(path);
        Assert.Throws<SafetensorsException>(() => SafetensorsWriter.Write(path, [new("x", torch.ones(1)), new("x", torch.ones(1))]));
        Assert.Throws<SafetensorsException>(() => SafetensorsWriter.Write(path, [new("x", torch.ones(1, dtype: ScalarType.ComplexFloat64))]));
        Assert.Throws<SafetensorsException>(() => SafetensorsWriter.Write(path, [new("__metadata__", torch.ones(1))]));
        Assert.Throws<SafetensorsException>(() => SafetensorsWriter.Write(path, [new("\ud800", torch.ones(1))]));
        Assert.Throws<SafetensorsException>(() => SafetensorsWriter.Write(folder.File("no/such/folder.safetensors"), [new("x", torch.ones(1))]));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.eq(actual).all().item<bool>());
    }

    private static void AssertRewrite(string official)
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(official);
        string path = folder.File("rewritten.safetensors");
        SafetensorsWriter.Write(path, file.Names.Reverse().Select(name => KeyValuePair.Create(name, file.Read(name))), file.Metadata);
        Assert.True(File.ReadAllBytes(official).AsSpan().SequenceEqual(File.ReadAllBytes(path)), $"'{official}' was not rewritten byte for byte");
    }
}
