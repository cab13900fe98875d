using AdaLoRA.Gen;
using AdaLoRA.Gen.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Consumer;

/// <summary>A tiny BERT from the package of models with a head: the generator reads it from metadata.</summary>
[AdaLoRA(Budget = 12, InitialRank = 4, Targets = ["*.attention.self.{query,value}", "*.intermediate.dense"], Trainable = ["head"], CheckpointRoot = "encoder")]
public sealed partial class Classifier : Module<TokenBatch, Tensor>
{
    private readonly BertModel encoder = new(new BertConfig { VocabSize = 50, HiddenSize = 16, LayerCount = 2, HeadCount = 2, IntermediateSize = 32, MaxPositions = 16 });
    private readonly Linear head = Linear(16, 2);

    public Classifier() : base(nameof(Classifier)) => RegisterComponents();

    public override Tensor forward(TokenBatch batch)
    {
        using var encoded = encoder.Encode(batch);
        return head.call(encoded.MeanPool());
    }
}
