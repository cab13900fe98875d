using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Models;
using IntentSample;

namespace PredictorSample;

/// <summary>The most probable intents of one sentence, and the adapter that says so.</summary>
internal sealed record Classification(int AdapterVersion, IReadOnlyList<Candidate> Candidates);

/// <summary>An intent and its probability.</summary>
internal sealed record Candidate(string Intent, double Probability);

/// <summary>The seam to the predictor: sentences in, values out.</summary>
internal sealed class Classifier(IntentLabels labels, WordPieceTokenizer tokenizer) : IBatchForward<IntentClassifier, TokenSequence, Classification>
{
    private const int Shown = 3;

    public IReadOnlyList<Classification> Forward(IntentClassifier model, AdapterInfo adapter, IReadOnlyList<TokenSequence> inputs)
    {
        // The predictor frees the tensors.
        var (values, indices) = model.call(tokenizer.Pad(inputs)).softmax(1).topk(Shown, 1);
        float[] probabilities = values.data<float>().ToArray();
        long[] intents = indices.data<long>().ToArray();
        return [.. Enumerable.Range(0, inputs.Count).Select(i => new Classification(adapter.Version, [.. Enumerable.Range(i * Shown, Shown).Select(k => new Candidate(labels.Names[(int)intents[k]], probabilities[k]))]))];
    }
}

/// <summary>The names of the model's outputs.</summary>
internal sealed record IntentLabels(IReadOnlyList<string> Names);
