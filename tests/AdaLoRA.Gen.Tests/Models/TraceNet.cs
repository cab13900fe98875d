using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Models;

/// <summary>The network of <c>fixtures/make/traces.py</c>, input [8, 16] to logits [8, 4], wired by the generator.</summary>
[AdaLoRA(Budget = 16, Targets = ["blocks.*.{q,v,up,down}"], InitialRank = 6, Alpha = 12, InitialWarmup = 8, FinalWarmup = 20, Interval = 4)]
internal sealed partial class TraceNet : Module<Tensor, Tensor>
{
    private readonly ModuleList<TraceBlock> blocks = new(new TraceBlock(), new TraceBlock());
    private readonly Linear head = Linear(16, 4);

    public TraceNet() : base(nameof(TraceNet)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        foreach (var block in blocks) x = block.call(x);
        return head.call(x);
    }
}

internal sealed class TraceBlock : Module<Tensor, Tensor>
{
    private readonly Linear q = Linear(16, 16);
    private readonly Linear v = Linear(16, 16);
    private readonly Linear up = Linear(16, 32);
    private readonly Linear down = Linear(32, 16);

    public TraceBlock() : base(nameof(TraceBlock)) => RegisterComponents();

    public override Tensor forward(Tensor h)
    {
        h = tanh(q.call(h)) * v.call(h) + h;
        return down.call(functional.gelu(up.call(h))) + h;
    }
}
