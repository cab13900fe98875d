using System.Text.Json.Nodes;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Regressions;

/// <summary>A head that was untied (and trained) is written, but config.json still says that it is the embedding: whoever opens the folder loses it without a word.</summary>
public sealed class UntiedHeadTests
{
    private static readonly Gpt2Config Small = new() { VocabSize = 20, HiddenSize = 8, LayerCount = 1, HeadCount = 2, MaxPositions = 16 };

    private static void WriteConfig(string folder, bool? tied)
    {
        var config = new JsonObject { ["model_type"] = "gpt2", ["architectures"] = new JsonArray("GPT2LMHeadModel"), ["vocab_size"] = 20, ["n_embd"] = 8, ["n_layer"] = 1, ["n_head"] = 2, ["n_positions"] = 16 };
        if (tied is { } t) config["tie_word_embeddings"] = t;
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    public void An_untied_head_survives_the_folder(bool? said)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        WriteConfig(folder.File("source"), said);
        var model = new Gpt2ForCausalLM(Small with { TieWordEmbeddings = false });
        model.eval();
        using var ids = tensor(new long[] { 1, 2, 3 }).reshape(1, 3);
        var expected = model.call(ids, null).detach();
        HuggingFaceFolder.Write(model, folder.File("written"), folder.File("source"));
        var again = Gpt2ForCausalLM.FromPretrained(folder.File("written"));
        Assert.True(allclose(expected, again.call(ids, null), 1e-5, 1e-5), $"{(expected - again.call(ids, null)).abs().max().item<float>()}");
    }
}
