using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Models;

/// <summary>A frozen embedding and blocks with dropout, which may be checkpoints; input int64 [rows], output [rows, width].</summary>
internal sealed class DropNet : Module<Tensor, Tensor>
{
    private readonly Embedding embedding;
    private readonly ModuleList<DropBlock> blocks;

    public DropNet(int depth = 3, int width = 16, double dropout = 0.1) : base(nameof(DropNet))
    {
        embedding = Embedding(32, width);
        blocks = new([.. Enumerable.Range(0, depth).Select(_ => new DropBlock(width, dropout))]);
        RegisterComponents();
        using var _ = no_grad();
        using var generator = new Generator(5);
        foreach (var (_, p) in named_parameters().OrderBy(p => p.name, StringComparer.Ordinal)) p.normal_(0, 0.3, generator);
    }

    public bool Checkpointing { get; set; }

    public ModuleList<DropBlock> Blocks => blocks;

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var h = embedding.call(x);
        foreach (var block in blocks) h = Checkpointing ? block.CallCheckpointed(h) : block.call(h);
        return h.MoveToOuterDisposeScope();
    }

    public static AdaLoRAOptions Options => new() { Budget = 12, InitialRank = 4, Targets = ["blocks.*.{up,down}"], Dropout = 0.1, InitialWarmup = 3, FinalWarmup = 5, Interval = 2 };
}

internal sealed class DropBlock : Module<Tensor, Tensor>
{
    private readonly Linear up;
    private readonly Linear down;
    private readonly Dropout dropout;

    public DropBlock(int width, double dropout) : base(nameof(DropBlock))
    {
        up = Linear(width, 4 * width);
        down = Linear(4 * width, width);
        this.dropout = Dropout(dropout);
        RegisterComponents();
    }

    /// <summary>Runs before the rest, with the number of the run.</summary>
    public Action<int>? Before { get; set; }

    public int Runs { get; private set; }

    public override Tensor forward(Tensor h)
    {
        Before?.Invoke(++Runs);
        using var scope = NewDisposeScope();
        var inner = functional.gelu(up.call(h));
        return (dropout.call(down.call(dropout.call(inner))) + h).tanh().MoveToOuterDisposeScope();
    }
}
