using AdaLoRA.Gen.Models;
using IntentSample;
using TorchSharp;

namespace AdaLoRA.Gen.Benchmarks.EndToEnd;

/// <summary>The sample's encoder and sentences, copied beside this program by the build.</summary>
internal static class MiniLmFiles
{
    /// <summary>Sentences in a batch, and their longest in tokens: the sample's.</summary>
    public const int BatchSize = 32, MaxLength = 64;

    public static string Model { get; } = Path.Combine(AppContext.BaseDirectory, "models", "minilm-l6-v2");

    public static string Data { get; } = Path.Combine(AppContext.BaseDirectory, "data", "banking77");

    /// <summary>Batches of training sentences in random order, always the same.</summary>
    public static List<MiniLmBatch> Batches(BertConfig config, int count)
    {
        var tokenizer = WordPieceTokenizer.FromFolder(Model, config);
        Example[] examples = [.. IntentData.Read(Data).Train];
        new Random(7).Shuffle(examples);
        return
        [
            .. examples.Chunk(BatchSize).Take(count).Select(chunk => new MiniLmBatch(
                tokenizer.EncodeBatch([.. chunk.Select(e => e.Text)], MaxLength), torch.tensor([.. chunk.Select(e => (long)e.Intent)]))),
        ];
    }
}

/// <summary>Sentences with the numbers of their intents.</summary>
internal sealed record MiniLmBatch(TokenBatch Tokens, torch.Tensor Intents) : IDisposable
{
    public void Dispose()
    {
        Tokens.Dispose();
        Intents.Dispose();
    }
}
