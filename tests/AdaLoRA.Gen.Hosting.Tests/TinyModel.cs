using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>Two adapted layers, dropout and a head: the smallest model on which every part of a run shows. The contract is written by hand, as the generator would.</summary>
internal sealed class TinyModel : Module<Tensor, Tensor>, IAdaLoRAModel<TinyModel>
{
    public const int In = 8, Hidden = 16, Out = 2;
    public static readonly string[] Targets = ["first", "second"];

    private readonly Linear first;
    private readonly Linear second;
    private readonly Dropout dropout;
    private readonly Linear head;

    public TinyModel() : base(nameof(TinyModel))
    {
        // The base is "pre-trained": the same in every run, whatever the run's seed.
        using var generator = manual_seed(1234);
        first = Linear(In, Hidden);
        second = Linear(Hidden, Hidden);
        dropout = Dropout(0.2);
        head = Linear(Hidden, Out);
        RegisterComponents();
    }

    public static AdaLoRAPlan Plan { get; } = new(nameof(TinyModel), () => new AdaLoRAOptions
    {
        Budget = 4,
        InitialRank = 4,
        Targets = [.. Targets],
        Trainable = ["head"],
        Interval = 5,
        Dropout = 0.1,
    }, [new("first", In, Hidden), new("second", Hidden, Hidden)], []);

    public static void CollectTargets(TinyModel model, AdapterTargetCollector targets)
    {
        targets.Add("first", model.first);
        targets.Add("second", model.second);
    }

    /// <summary>The base's dropout, for tests that must be without.</summary>
    public Dropout Dropout => dropout;

    public override Tensor forward(Tensor x) => head.call(dropout.call(nn.functional.tanh(second.call(nn.functional.tanh(first.call(x))))));
}
