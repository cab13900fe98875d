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
