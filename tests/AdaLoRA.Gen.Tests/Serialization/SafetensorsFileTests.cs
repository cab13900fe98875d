using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Serialization;

public sealed class SafetensorsFileTests
{
    [Fact]
    public void A_missing_file_is_named()
    {
        SafetensorsException error = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open("nowhere/model.safetensors"));
        Assert.Equal("There is no file 'nowhere/model.safetensors'.", error.Message);
    }

    [Fact]
    public void A_folder_is_told_from_a_file()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("is a folder", Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_tensor_is_named_beside_those_that_are_there()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path("hf", "bert", "io.safetensors"));
        string message = Assert.Throws<SafetensorsException>(() => file.Read("logits")).Message;
        Assert.Contains("no tensor 'logits'", message, StringComparison.Ordinal);
        Assert.Contains("'in.attention_mask'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_cut_short_after_it_was_opened_is_an_exception_and_no_crash()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("shrinking.safetensors");
        SafetensorsWriter.Write(path, [new("x", torch.ones(4096))]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using (var writer = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) writer.SetLength(1024);
        Assert.Contains("ended while it was read", Assert.Throws<SafetensorsException>(() => file.Read("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bool_that_is_neither_0_nor_1_becomes_true()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("bool.safetensors");
        SafetensorsWriter.Write(path, [new("b", torch.tensor(new[] { true, false }))]);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^2] = 77;
        File.WriteAllBytes(path, bytes);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using Tensor read = file.Read("b");
        Assert.Equal([true, false], read.data<bool>().ToArray());
        Assert.Equal(1, read.sum(ScalarType.Int64).item<long>());
    }

    [Fact]
    public void An_empty_tensor_whose_strides_overflow_is_refused_with_the_one_exception()
    {
        const string header = """{"a":{"dtype":"F32","shape":[0,4611686018427387904,8],"data_offsets":[0,0]}}""";
        byte[] bytes = [.. BitConverter.GetBytes((ulong)header.Length), .. System.Text.Encoding.UTF8.GetBytes(header)];
        using SafetensorsFile file = SafetensorsFile.Open(new MemoryStream(bytes), "strides.safetensors");
        Assert.Contains("'a' of 'strides.safetensors'", Assert.Throws<SafetensorsException>(() => file.Read("a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_is_read_as_the_file_is()
    {
        string path = Fixtures.Path("hf", "bert", "io.safetensors");
        using SafetensorsFile file = SafetensorsFile.Open(path), stream = SafetensorsFile.Open(new MemoryStream(File.ReadAllBytes(path)), "memory");
        Assert.Equal(file.Names, stream.Names);
        foreach (string name in file.Names)
        {
            using Tensor expected = file.Read(name), read = stream.Read(name);
            Assert.True(expected.bytes.SequenceEqual(read.bytes), name);
        }
        Assert.StartsWith("'cut' is not a sound safetensors file", Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(new MemoryStream(4), "cut")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_read_by_many_threads_at_once_are_whole()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path("minilm", "io.safetensors"));
        using Tensor expected = file.Read("hidden");
        byte[] bytes = expected.bytes.ToArray();
        Parallel.For(0, 32, _ =>
        {
            using Tensor read = file.Read("hidden");
            Assert.True(read.bytes.SequenceEqual(bytes));
        });
    }
}
