using AdaLoRA.Gen.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Benchmarks.EndToEnd;

/// <summary>The sample's model, [B] sentences to [B, 77] logits: a linear head over the mean-pooled encoder. Without dropout, so that two ways of training can be compared by their losses.</summary>
internal sealed class MiniLmClassifier : Module<TokenBatch, Tensor>
{
    /// <summary>The six linear layers of each of the six layers.</summary>
    public const string TargetPattern = "encoder.encoder.layer.*.{query,key,value,dense}";

    public const int Intents = 77;

    private readonly BertModel encoder;
    private readonly Linear head;

    public MiniLmClassifier() : base(nameof(MiniLmClassifier))
    {
        encoder = BertModel.FromPretrained(MiniLmFiles.Model);
        using (var _ = manual_seed(3)) head = Linear(encoder.Config.HiddenSize, Intents);
        RegisterComponents();
        eval();
        foreach (var parameter in parameters()) parameter.requires_grad = false;
    }

    public BertModel Encoder => encoder;

    public Linear Head => head;

    /// <summary>The adapted layers by path, in the order of their names.</summary>
    public IEnumerable<(string Path, Linear Layer)> Targets() => named_modules().Where(m => m.module is Linear && m.name.StartsWith("encoder.encoder.layer.", StringComparison.Ordinal))
        .Select(m => (m.name, (Linear)m.module)).OrderBy(m => m.name, StringComparer.Ordinal);

    public override Tensor forward(TokenBatch batch)
    {
        using var encoded = encoder.Encode(batch);
        return head.call(encoded.MeanPool());
    }
}
