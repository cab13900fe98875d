using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Models;
using static TorchSharp.torch;

namespace IntentSample;

/// <summary>A tokenised batch with the intents of its sentences.</summary>
public sealed record IntentBatch(TokenBatch Tokens, Tensor Intents) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Tokens.Dispose();
        Intents.Dispose();
    }
}

/// <summary>The seam between the trainer and this problem: batches, loss, metric.</summary>
public sealed class IntentTask(IntentData data, WordPieceTokenizer tokenizer) : TrainingTask<IntentClassifier, IntentBatch>
{
    /// <summary>Longest sentence in tokens; longer ones are cut.</summary>
    public const int MaxLength = 64;

    private const int EvaluationBatch = 128;
    private readonly TokenSequence[] _train = [.. data.Train.Select(e => tokenizer.Encode(e.Text, MaxLength))];
    private EpochOrder? _order;

    /// <inheritdoc/>
    public override int BatchesPerEpoch => Order.Batches(Context.BatchSize);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Card => new Dictionary<string, string>
    {
        ["data"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(data.Folder)),
        ["sentences"] = FormattableString.Invariant($"{data.Train.Count} to train on, {data.Test.Count} to test on"),
        ["intents"] = FormattableString.Invariant($"{data.Intents.Count}"),
        ["longest sentence"] = FormattableString.Invariant($"{MaxLength} tokens"),
    };

    private EpochOrder Order => _order ??= new EpochOrder(_train.Length, Context.Seed);

    /// <inheritdoc/>
    public override IntentBatch GetBatch(int epoch, int index)
    {
        int[] examples = Order.Batch(epoch, index, Context.BatchSize).ToArray();
        return Batch([.. examples.Select(i => _train[i])], examples.Select(i => data.Train[i].Intent), Context.Device);
    }

    /// <inheritdoc/>
    public override Tensor Loss(IntentClassifier model, IntentBatch batch) => nn.functional.cross_entropy(model.call(batch.Tokens), batch.Intents);

    /// <inheritdoc/>
    public override Evaluation Evaluate(IntentClassifier model, CancellationToken cancellationToken) => Evaluate(model, data.Test, tokenizer, Context.Device, cancellationToken);

    /// <summary>Accuracy and cross-entropy on examples. Sentences of like length share a batch, which saves padding.</summary>
    public static Evaluation Evaluate(IntentClassifier model, IReadOnlyList<Example> examples, WordPieceTokenizer tokenizer, Device device, CancellationToken cancellationToken)
    {
        var sorted = examples.Select(e => (Tokens: tokenizer.Encode(e.Text, MaxLength), e.Intent)).OrderBy(e => e.Tokens.Ids.Count);
        long right = 0;
        double loss = 0;
        foreach (var chunk in sorted.Chunk(EvaluationBatch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var batch = Batch([.. chunk.Select(e => e.Tokens)], chunk.Select(e => e.Intent), device, tokenizer);
            var logits = model.call(batch.Tokens);
            right += logits.argmax(1).eq(batch.Intents).sum().item<long>();
            loss += nn.functional.cross_entropy(logits, batch.Intents, reduction: nn.Reduction.Sum).item<float>();
        }
        return new Evaluation("accuracy", right / (double)examples.Count) { Further = new Dictionary<string, double> { ["cross_entropy"] = loss / examples.Count } };
    }

    private IntentBatch Batch(TokenSequence[] sentences, IEnumerable<int> intents, Device device) => Batch(sentences, intents, device, tokenizer);

    private static IntentBatch Batch(TokenSequence[] sentences, IEnumerable<int> intents, Device device, WordPieceTokenizer tokenizer) =>
        new(tokenizer.Pad(sentences, device), tensor([.. intents.Select(i => (long)i)], device: device));
}
