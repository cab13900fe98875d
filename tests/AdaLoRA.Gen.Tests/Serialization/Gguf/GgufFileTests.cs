using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Serialization.Gguf;

public sealed class GgufFileTests
{
    [Fact]
    public void A_file_of_gguf_py_holds_the_tensors_that_were_given_to_it()
    {
        using var scope = torch.NewDisposeScope();
        using GgufFile file = GgufFile.Open(Fixtures.Path("formats", "lora-llama.gguf"));
        Dictionary<string, Tensor> expected = Fixtures.Tensors("formats", "lora-llama.expected.safetensors");
        Assert.Equal(16, file.Names.Count);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
        foreach ((string name, Tensor tensor) in expected)
        {
            Tensor read = file.Read(name);
            Assert.Equal(tensor.shape, read.shape);
            Assert.Equal(tensor.shape, file.Tensors[name].Shape);
            Assert.True(tensor.bytes.SequenceEqual(read.bytes), name);
        }
    }

    [Fact]
    public void A_file_of_gguf_py_holds_the_metadata_that_were_given_to_it_in_order()
    {
        using GgufFile file = GgufFile.Open(Fixtures.Path("formats", "lora-llama.gguf"));
        Assert.Equal(["general.architecture", "general.type", "adapter.type", "adapter.lora.alpha", "general.name"], file.Metadata.Keys);
        Assert.Equal(["llama", "adapter", "lora", 4f, "tiny"], file.Metadata.Values.Select(value => value.Value));
        Assert.Equal((3, 32L), (file.Version, file.Alignment));
    }

    [Fact]
    public void Version_2_and_another_alignment_are_read()
    {
        byte[] bytes = new GgufBytes(2, 1, version: 2).Alignment(64).Tensor("a", 0, 0, 2).Tensor("b", 0, 64, 3, 1).Pad(64).Floats(1, 2).Pad(64).Floats(3, 4, 5).ToArray();
        using GgufFile file = GgufFile.Open(new MemoryStream(bytes), "v2");
        using Tensor a = file.Read("a"), b = file.Read("b");
        Assert.Equal((2, 64L), (file.Version, file.Alignment));
        Assert.Equal([1f, 2f], a.data<float>().ToArray());
        Assert.Equal([1, 3], b.shape);
        Assert.Equal([3f, 4f, 5f], b.data<float>().ToArray());
    }

    [Fact]
    public void Sixteen_bit_floats_scalars_and_empty_tensors_are_read()
    {
        byte[] bytes = new GgufBytes(4).Tensor("half", 1, 0, 2).Tensor("bfloat", 30, 32, 2).Tensor("scalar", 0, 64).Tensor("empty", 0, 96, 3, 0)
            .Pad().Raw(0x00, 0x3C, 0x00, 0xC0).Pad().Raw(0x80, 0x3F, 0x00, 0xC0).Pad().Floats(2.5f).Pad().ToArray();
        using GgufFile file = GgufFile.Open(new MemoryStream(bytes), "types");
        using Tensor half = file.Read("half"), bfloat = file.Read("bfloat"), scalar = file.Read("scalar"), empty = file.Read("empty");
        Assert.Equal((ScalarType.Float16, ScalarType.BFloat16), (half.dtype, bfloat.dtype));
        Assert.Equal([1f, -2f], half.to(ScalarType.Float32).data<float>().ToArray());
        Assert.Equal([1f, -2f], bfloat.to(ScalarType.Float32).data<float>().ToArray());
        Assert.Equal((0L, 2.5f), (scalar.dim(), scalar.item<float>()));
        Assert.Equal([0, 3], empty.shape);
    }

    [Fact]
    public void Quantised_tensors_are_listed_and_not_read()
    {
        byte[] bytes = new GgufBytes(2).Tensor("q", 8, 0, 64, 3).Tensor("k", 12, 224, 256).Pad().Raw(new byte[6 * 34]).Pad().Raw(new byte[144]).ToArray();
        using GgufFile file = GgufFile.Open(new MemoryStream(bytes), "quantised");
        Assert.Equal(("Q8_0 [3, 64]", "Q4_K [256]"), (file.Tensors["q"].ToString(), file.Tensors["k"].ToString()));
        Assert.Equal((6 * 34L, 144L), (file.Tensors["q"].ByteCount, file.Tensors["k"].ByteCount));
        Assert.Contains("is Q8_0, and only F32, F16 and BF16 are read", Assert.Throws<GgufException>(() => file.Read("q")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_a_folder_and_a_missing_tensor_are_told()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("There is no file 'nowhere/a.gguf'.", Assert.Throws<GgufException>(() => GgufFile.Open("nowhere/a.gguf")).Message);
        Assert.Contains("is a folder", Assert.Throws<GgufException>(() => GgufFile.Open(folder.Path)).Message, StringComparison.Ordinal);
        using GgufFile file = GgufFile.Open(Fixtures.Path("formats", "lora-llama.gguf"));
        Assert.Contains("no tensor 'nope'; it has 'blk.0.attn_q.weight.lora_a'", Assert.Throws<GgufException>(() => file.Read("nope")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_cut_short_after_it_was_opened_is_an_exception_and_no_crash()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("shrinking.gguf");
        GgufWriter.Write(path, [], [new("x", torch.ones(4096))]);
        using GgufFile file = GgufFile.Open(path);
        using (var writer = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) writer.SetLength(1024);
        Assert.Contains("ended while it was read", Assert.Throws<GgufException>(() => file.Read("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_is_closed_with_the_file_and_stays_open_when_asked()
    {
        byte[] bytes = File.ReadAllBytes(Fixtures.Path("formats", "lora-llama.gguf"));
        using var kept = new MemoryStream(bytes);
        GgufFile.Open(kept, "kept", leaveOpen: true).Dispose();
        Assert.True(kept.CanRead);
        var closed = new MemoryStream(bytes);
        GgufFile.Open(closed, "closed").Dispose();
        Assert.False(closed.CanRead);
    }

    [Fact]
    public void Tensors_of_one_stream_read_by_many_threads_at_once_are_whole()
    {
        using GgufFile file = GgufFile.Open(new MemoryStream(File.ReadAllBytes(Fixtures.Path("formats", "lora-llama.gguf"))), "shared");
        using SafetensorsFile expected = SafetensorsFile.Open(new MemoryStream(File.ReadAllBytes(Fixtures.Path("formats", "lora-llama.expected.safetensors"))), "shared");
        Parallel.For(0, 64, i =>
        {
            string name = file.Names[i % file.Names.Count];
            using Tensor read = file.Read(name), right = expected.Read(name);
            Assert.True(read.bytes.SequenceEqual(right.bytes));
        });
    }
}
