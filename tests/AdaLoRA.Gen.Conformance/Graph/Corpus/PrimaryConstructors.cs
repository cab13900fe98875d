using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.PrimaryConstructors;

/// <summary>One parameter is stored in a field, one is captured by a method; the class never registers, its parent does.</summary>
public sealed class Gate(Linear value, Linear gate) : Module<Tensor, Tensor>("gate") // expect: ADALORA024
{
    private readonly Linear value = value;

    public override Tensor forward(Tensor x) => value.call(x) * gate.call(x).sigmoid();
}

[AdaLoRA(Budget = 3, Targets = ["gate.*", "out"])]
public sealed partial class HoldsOne : Module<Tensor, Tensor>
{
    private readonly Gate gate = new(Linear(4, 8), Linear(4, 8));
    private readonly Linear @out = Linear(8, 4);

    public HoldsOne() : base("holds") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => @out.call(gate.call(x));
}

/// <summary>An annotated class with a primary constructor of sizes; a base registers for it.</summary>
public abstract class Registered : Module<Tensor, Tensor>
{
    protected Registered(string name) : base(name) => RegisterComponents();
}

[AdaLoRA(Budget = 2, Targets = ["down", "up"])]
public sealed partial class Bottleneck(int width = 8, int rank = 2) : Registered("bottleneck")
{
    private readonly Linear down = Linear(width, rank);
    private readonly Linear up = Linear(rank, width);

    public override Tensor forward(Tensor x) => up.call(down.call(x));
}

public sealed record Config(int Width = 8, int Heads = 2, int Depth = 2, bool Bias = true);

/// <summary>Sizes from a configuration object that a parameter captures.</summary>
public sealed class Attention : Module<Tensor, Tensor>
{
    private readonly Linear qkv, proj;
    private readonly Config config;

    public Attention(Config config) : base("attention")
    {
        this.config = config;
        qkv = Linear(config.Width, 3 * config.Width, hasBias: config.Bias);
        proj = Linear(config.Width, config.Width, hasBias: config.Bias);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var parts = qkv.call(x).chunk(3, -1);
        return proj.call(functional.softmax(parts[0].matmul(parts[1].transpose(-2, -1)) / config.Heads, -1).matmul(parts[2]));
    }
}

[AdaLoRA(Budget = 8, InitialRank = 2, Targets = ["layers.*.{qkv,proj}"])]
public sealed partial class Configured : Module<Tensor, Tensor>
{
    private readonly ModuleList<Attention> layers;

    public Configured(Config config) : base("configured")
    {
        layers = new ModuleList<Attention>();
        for (int i = 0; i < config.Depth; i++) layers.Add(new Attention(config));
        RegisterComponents();
    }

    public static Configured Create() => new(new Config());

    public override Tensor forward(Tensor x)
    {
        foreach (var layer in layers) x = layer.call(x);
        return x;
    }
}
