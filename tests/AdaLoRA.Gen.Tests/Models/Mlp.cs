using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Models;

/// <summary>Two adaptable layers of different shapes and a head, with and without adapters the smallest model of interest.</summary>
internal sealed class Mlp : Module<Tensor, Tensor>
{
    private readonly Linear first;
    private readonly Linear second;
    private readonly Linear head;

    public Mlp(int inputs = 12, int hidden = 20, int outputs = 3) : base(nameof(Mlp))
    {
        first = Linear(inputs, hidden);
        second = Linear(hidden, inputs);
        head = Linear(inputs, outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => head.call(second.call(functional.relu(first.call(x))));

    /// <summary>Goes round the adapters, as a user's mistake would.</summary>
    public Tensor ForwardAround(Tensor x) => head.forward(second.forward(functional.relu(first.forward(x))));

    public static AdaLoRAOptions Options => new()
    {
        Budget = 4,
        InitialRank = 4,
        Targets = ["first", "second"],
        Trainable = ["head"],
        InitialWarmup = 2,
        FinalWarmup = 4,
        Interval = 2,
    };
}
