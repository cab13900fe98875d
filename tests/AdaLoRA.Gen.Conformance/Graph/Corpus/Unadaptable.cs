using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Unadaptable;

/// <summary>Native blocks beside layers: what is inside of them nobody can adapt.</summary>
[AdaLoRA(Budget = 2, Targets = ["proj", "head"])]
public sealed partial class NativeBlocks : Module<Tensor, Tensor>
{
    private readonly LSTM lstm = LSTM(4, 8, batchFirst: true);
    private readonly MultiheadAttention attention = MultiheadAttention(8, 2);
    private readonly TransformerEncoder encoder = TransformerEncoder(TransformerEncoderLayer(8, 2, 16), 2);
    private readonly Linear proj = Linear(8, 8);
    private readonly Linear head = Linear(8, 2);

    public NativeBlocks() : base("native") { RegisterComponents(); }

    public override Tensor forward(Tensor x)
    {
        var (hidden, _, _) = lstm.call(x);
        hidden = encoder.call(proj.call(hidden), null!, null!);
        return head.call(attention.call(hidden, hidden, hidden, null, false, null).Item1);
    }
}

/// <summary>A parameter and a buffer of one's own beside a layer.</summary>
[AdaLoRA(Budget = 1, Targets = ["fc"], Trainable = ["scale"])]
public sealed partial class OwnParameters : Module<Tensor, Tensor>
{
    private readonly Parameter scale = new(ones(4));
    private readonly Tensor offset = zeros(4);
    private readonly Linear fc = Linear(4, 4);

    public OwnParameters() : base("parameters") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => fc.call(x) * scale + offset;
}
