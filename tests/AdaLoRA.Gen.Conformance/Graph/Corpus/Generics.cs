using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Generics;

/// <summary>A residual connection around anything.</summary>
public sealed class Residual<T> : Module<Tensor, Tensor> where T : Module<Tensor, Tensor>
{
    private readonly T inner;
    private readonly LayerNorm norm;

    public Residual(T inner, int width) : base("residual")
    {
        this.inner = inner;
        norm = LayerNorm(width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => x + inner.call(norm.call(x));
}

public sealed class FeedForward : Module<Tensor, Tensor>
{
    public readonly Linear up, down;

    public FeedForward(int width) : base("ffn")
    {
        (up, down) = (Linear(width, 4 * width), Linear(4 * width, width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => down.call(functional.gelu(up.call(x)));
}

/// <summary>Constructed with a layer and with a block.</summary>
[AdaLoRA(Budget = 3, Targets = ["plain.inner", "block.inner.{up,down}", "stack.*.inner.up"])]
public sealed partial class Constructed : Module<Tensor, Tensor>
{
    private readonly Residual<Linear> plain = new(Linear(4, 4), 4);
    private readonly Residual<FeedForward> block = new(new FeedForward(4), 4);
    private readonly ModuleList<Residual<FeedForward>> stack = new();

    public Constructed(int depth = 2) : base("constructed")
    {
        for (int i = 0; i < depth; i++) stack.Add(new Residual<FeedForward>(new FeedForward(4), 4));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = block.call(plain.call(x));
        foreach (var layer in stack) x = layer.call(x);
        return x;
    }
}

public abstract class Stack<TLayer> : Module<Tensor, Tensor> where TLayer : Module<Tensor, Tensor>, new()
{
    protected readonly ModuleList<TLayer> layers = new();

    protected Stack(string name, int depth) : base(name)
    {
        for (int i = 0; i < depth; i++) layers.Add(new TLayer());
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var layer in layers) x = layer.call(x);
        return x;
    }
}

public class Dense : Module<Tensor, Tensor>
{
    private readonly Linear dense = Linear(4, 4);

    public Dense() : base("dense") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => dense.call(x);
}

/// <summary>A generic base with the layers in it.</summary>
[AdaLoRA(Budget = 3, Targets = ["layers.*.dense", "head"])]
public sealed partial class OnAStack : Stack<Dense>
{
    private readonly Linear head = Linear(4, 2);

    public OnAStack() : base("stack", 3) { RegisterComponents(); }

    public override Tensor forward(Tensor x) => head.call(base.forward(x));
}

public sealed class TwoOf<TFirst, TSecond> : Module<Tensor, Tensor>
    where TFirst : Module<Tensor, Tensor>
    where TSecond : Module<Tensor, Tensor>
{
    public readonly TFirst First;
    public readonly TSecond Second;

    public TwoOf(TFirst first, TSecond second) : base("two")
    {
        First = first;
        Second = second;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => Second.call(First.call(x));
}

/// <summary>Generics in generics.</summary>
[LoRA(Rank = 1, Targets = ["pair.First.inner", "pair.Second.{First,Second}"])]
public sealed partial class GenericInGeneric : Module<Tensor, Tensor>
{
    private readonly TwoOf<Residual<Linear>, TwoOf<Linear, Linear>> pair;

    public GenericInGeneric() : base("pairs")
    {
        pair = new TwoOf<Residual<Linear>, TwoOf<Linear, Linear>>(new Residual<Linear>(Linear(4, 4), 4), new TwoOf<Linear, Linear>(Linear(4, 4), Linear(4, 4)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => pair.call(x);
}

/// <summary>The layer's class is a parameter that only the constraint describes.</summary>
public sealed class Wrapper<T> : Module<Tensor, Tensor> where T : Dense
{
    private readonly T wrapped;
    private readonly Linear gate = Linear(4, 4);

    public Wrapper(T wrapped) : base("wrapper")
    {
        this.wrapped = wrapped;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => wrapped.call(x) * gate.call(x).sigmoid();
}

[AdaLoRA(Budget = 2, Targets = ["wrapper.wrapped.dense", "wrapper.gate"])]
public sealed partial class Constrained : Module<Tensor, Tensor>
{
    private readonly Wrapper<Dense> wrapper = new(new Dense());

    public Constrained() : base("constrained") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => wrapper.call(x);
}
