using AdaLoRA.Gen.Hosting;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>Four blocks of two adapted layers: a rank map of two rows. Fewer triplets stay than there are layers, so some layers lose all of theirs.</summary>
[AdaLoRA(Budget = 6, InitialRank = 4, Interval = 4, Targets = ["blocks.*.{up,down}"], Trainable = ["head"])]
internal sealed partial class SmallModel : Module<Tensor, Tensor>
{
    public const int Width = 12, Out = 3;

    private readonly ModuleList<SmallBlock> blocks = [];
    private readonly Linear head;

    public SmallModel() : base(nameof(SmallModel))
    {
        // The base is "pre-trained": the same in every run, whatever the run's seed.
        using var generator = manual_seed(1234);
        for (int i = 0; i < 4; i++) blocks.Add(new SmallBlock());
        head = Linear(Width, Out);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var block in blocks) x = block.call(x);
        return head.call(x);
    }
}

internal sealed class SmallBlock : Module<Tensor, Tensor>
{
    private readonly Linear up = Linear(SmallModel.Width, SmallModel.Width);
    private readonly Linear down = Linear(SmallModel.Width, SmallModel.Width);

    public SmallBlock() : base(nameof(SmallBlock)) => RegisterComponents();

    public override Tensor forward(Tensor x) => x + down.call(nn.functional.gelu(up.call(x)));
}
