using AdaLoRA.Gen;
using AdaLoRA.Gen.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace IntentSample;

/// <summary>
/// A sentence encoder with a linear head over its mean-pooled output, [B] sentences to [B, intents] logits. The attribute is all that makes it an AdaLoRA model: 36 matrices of the
/// encoder get adapters, the head is trained in full, the rest stays frozen.
/// </summary>
[AdaLoRA(
    Budget = 72,
    Targets = ["*.attention.self.{query,key,value}", "*.{intermediate,output}.dense"],
    Trainable = ["head"],
    CheckpointRoot = "encoder",
    Interval = 1)]
public sealed partial class IntentClassifier : Module<TokenBatch, Tensor>
{
    private readonly BertModel encoder;
    private readonly Dropout dropout;
    private readonly Linear head;

    /// <summary>Puts a fresh head on an encoder.</summary>
    public IntentClassifier(BertModel encoder, int intents) : base(nameof(IntentClassifier))
    {
        this.encoder = encoder;
        dropout = Dropout(encoder.Config.HiddenDropout);
        head = Linear(encoder.Config.HiddenSize, intents);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(TokenBatch batch)
    {
        using var encoded = encoder.Encode(batch);
        return head.call(dropout.call(encoded.MeanPool()));
    }
}
