using AdaLoRA.Gen;
using AdaLoRA.Gen.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Library;

/// <summary>A sentence classifier on the library's BERT, as in the sample.</summary>
[AdaLoRA(Budget = 12, Targets = ["*.attention.self.{query,key,value}", "*.{intermediate,output}.dense"], Trainable = ["head"], CheckpointRoot = "encoder")]
public sealed partial class SentenceClassifier : Module<TokenBatch, Tensor>
{
    private readonly BertModel encoder;
    private readonly Dropout dropout;
    private readonly Linear head;

    public SentenceClassifier(BertModel encoder, int classes) : base(nameof(SentenceClassifier))
    {
        this.encoder = encoder;
        dropout = Dropout(encoder.Config.HiddenDropout);
        head = Linear(encoder.Config.HiddenSize, classes);
        RegisterComponents();
    }

    public static SentenceClassifier Create() =>
        new(new BertModel(new BertConfig { VocabSize = 32, HiddenSize = 8, LayerCount = 2, HeadCount = 2, IntermediateSize = 16, MaxPositions = 16 }), 3);

    public override Tensor forward(TokenBatch batch)
    {
        using var encoded = encoder.Encode(batch);
        return head.call(dropout.call(encoded.MeanPool()));
    }
}

/// <summary>Two decoders side by side, every layer of both.</summary>
[LoRA(Rank = 1, Targets = ["*"])]
public sealed partial class TwoDecoders : Module<Tensor, Tensor>
{
    private readonly Gpt2ForCausalLM gpt = new(new Gpt2Config { VocabSize = 32, HiddenSize = 8, LayerCount = 2, HeadCount = 2, MaxPositions = 16 });
    private readonly LlamaForCausalLM llama = new(new LlamaConfig { VocabSize = 32, HiddenSize = 8, LayerCount = 2, HeadCount = 2, IntermediateSize = 16 });

    public TwoDecoders() : base("decoders") { RegisterComponents(); }

    public override Tensor forward(Tensor ids) => throw new System.NotSupportedException();
}
