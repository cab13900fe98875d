using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Benchmarks.Stack;

/// <summary>The stack: an ordinary module tree whose targets are real <see cref="Linear"/> modules, called through <c>call</c>.</summary>
internal sealed class Encoder : Module<Tensor, Tensor>
{
    /// <summary>Matches every linear layer of the stack.</summary>
    public const string TargetPattern = "layers.*.{query,key,value,output,up,down}";

    private readonly ModuleList<EncoderLayer> layers;

    public Encoder(FrozenWeights weights, Func<int, Linear, Module<Tensor, Tensor>>? adapt = null) : base(nameof(Encoder))
    {
        adapt ??= (_, linear) => linear;
        layers = new ModuleList<EncoderLayer>([.. Enumerable.Range(0, weights.Shape.Layers).Select(i => new EncoderLayer(weights, i, adapt))]);
        RegisterComponents();
        foreach (var parameter in parameters()) parameter.requires_grad = false;
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var layer in layers) x = layer.call(x);
        return x;
    }

    /// <summary>Path of a target, by its index over the stack.</summary>
    public static string PathOf(int target)
    {
        string[] names = ["query", "key", "value", "output", "up", "down"];
        return $"layers.{target / names.Length}.{names[target % names.Length]}";
    }
}
