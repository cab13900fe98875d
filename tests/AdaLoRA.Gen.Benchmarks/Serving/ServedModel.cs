using AdaLoRA.Gen.Hosting;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Benchmarks.Serving;

/// <summary>A residual network of square layers whose step takes a few milliseconds: long enough to be real, short enough that it tells hundreds of losses a second. The contract is written by hand.</summary>
internal sealed class ServedModel : Module<Tensor, Tensor>, IAdaLoRAModel<ServedModel>
{
    public const int Width = 256, Depth = 6;

    private readonly ModuleList<Linear> layers = [];

    public ServedModel() : base(nameof(ServedModel))
    {
        for (int i = 0; i < Depth; i++) layers.Add(Linear(Width, Width));
        RegisterComponents();
    }

    public static AdaLoRAPlan Plan { get; } = new(nameof(ServedModel), () => new AdaLoRAOptions { Budget = 4 * Depth, InitialRank = 8, Targets = ["layers.*"], Interval = 10 },
        [.. Enumerable.Range(0, Depth).Select(i => new AdapterSlot($"layers.{i}", Width, Width))], []);

    public static void CollectTargets(ServedModel model, AdapterTargetCollector targets)
    {
        for (int i = 0; i < Depth; i++) targets.Add($"layers.{i}", model.layers[i]);
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var layer in layers) x = x + functional.gelu(layer.call(x));
        return x;
    }
}

/// <summary>The same batch again and again; what is learnt does not matter.</summary>
internal sealed class ServedTask : ITrainingTask<ServedModel>
{
    private const int Rows = 128;

    private readonly Tensor _x = randn(Rows, ServedModel.Width);
    private readonly Tensor _y = randn(Rows, ServedModel.Width);

    public int BatchesPerEpoch => 100;

    public void Prepare(ServedModel model, TrainingContext context)
    {
    }

    public Tensor Loss(ServedModel model, int epoch, int index) => functional.mse_loss(model.call(_x), _y);

    public Evaluation Evaluate(ServedModel model, CancellationToken cancellationToken) => new("none", 0);
}
