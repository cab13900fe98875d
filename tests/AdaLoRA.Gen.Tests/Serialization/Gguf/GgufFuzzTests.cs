using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Serialization.Gguf;

public sealed class GgufFuzzTests
{
    private const int Rounds = 2500;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_damaged_adapter_of_gguf_py_is_read_or_refused_with_the_one_exception(int seed) =>
        Fuzz(File.ReadAllBytes(Fixtures.Path("formats", "lora-llama.gguf")), headerLength: 1250, seed);

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void A_damaged_file_of_every_type_is_read_or_refused_with_the_one_exception(int seed) => Fuzz(EveryType(), headerLength: 900, seed);

    private static void Fuzz(byte[] sound, int headerLength, int seed)
    {
        Assert.True(GgufDamage.IsSound(sound));
        var random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            if (!GgufDamage.IsSound(GgufDamage.Apply(sound, random, headerLength))) refused++;
        }
        // Damage to names and values leaves a sound file now and then; both ends must be seen.
        Assert.InRange(refused, Rounds / 2, Rounds - 1);
    }

    /// <summary>A file with metadata of every type, arrays in arrays, and tensors of all three types and up to four dimensions.</summary>
    private static byte[] EveryType()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        object[] values =
        [
            (byte)1, (sbyte)-1, (ushort)2, (short)-2, 3u, -3, 4UL, -4L, 0.5f, 0.25, true, "text", new byte[] { 1, 2 }, new[] { 1f, 2f }, new[] { "a", "bc" }, new[] { true, false },
            new[] { GgufValue.Of(new[] { 1u }), GgufValue.Of(new[] { GgufValue.Of(new[] { "x" }) }) },
        ];
        Tensor[] tensors = [torch.ones(3, 5), torch.ones(2, 2, 2, 2).to(ScalarType.Float16), torch.ones(9).to(ScalarType.BFloat16), torch.tensor(1f), torch.empty(0, 4)];
        GgufWriter.Write(folder.File("every.gguf"), values.Select((value, i) => KeyValuePair.Create($"key.{i}", GgufValue.Of(value))), tensors.Select((tensor, i) => KeyValuePair.Create($"tensor.{i}", tensor)));
        return File.ReadAllBytes(folder.File("every.gguf"));
    }
}
