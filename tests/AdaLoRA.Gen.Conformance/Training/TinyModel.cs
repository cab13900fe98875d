using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Conformance.Training;

/// <summary>Two adapted layers, dropout and a trained head, input [n, 8] to output [n, 2]: the smallest annotated model on which every part of a run shows.</summary>
[AdaLoRA(Budget = 4, InitialRank = 4, Targets = ["first", "second"], Trainable = ["head"], InitialWarmup = 0.1, FinalWarmup = 0.3, Interval = 5)]
internal sealed partial class TinyModel : Module<Tensor, Tensor>
{
    public const int In = 8, Hidden = 16, Out = 2;

    private readonly Linear first;
    private readonly Linear second;
    private readonly Dropout dropout;
    private readonly Linear head;

    /// <param name="dropout">Dropout of the base, while training.</param>
    /// <param name="dtype">Element type of the whole model.</param>
    public TinyModel(double dropout, ScalarType dtype) : base(nameof(TinyModel))
    {
        // The base is "pre-trained": the same in every process, whatever the run's seed.
        using var generator = manual_seed(1234);
        first = Linear(In, Hidden);
        second = Linear(Hidden, Hidden);
        this.dropout = Dropout(dropout);
        head = Linear(Hidden, Out);
        RegisterComponents();
        this.to(dtype);
    }

    public override Tensor forward(Tensor x) => head.call(dropout.call(functional.tanh(second.call(functional.tanh(first.call(x))))));
}
