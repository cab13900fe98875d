using System;
using System.Collections.Generic;
using System.Linq;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Sequentials;

/// <summary>Arguments, with and without names, nested.</summary>
[AdaLoRA(Budget = 5, Targets = ["net.0", "net.2.0", "named.{up,down}"])]
public sealed partial class Arguments : Module<Tensor, Tensor>
{
    private readonly Sequential net = Sequential(Linear(4, 4), ReLU(), Sequential(Linear(4, 4), Tanh()));
    private readonly Module<Tensor, Tensor> named = Sequential(("up", Linear(4, 8)), ("act", GELU()), ("down", Linear(8, 4)));

    public Arguments() : base("arguments") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => named.call(net.call(x));
}

/// <summary>A list of named tuples, as TorchSharp's VGG and AlexNet build theirs.</summary>
[AdaLoRA(Budget = 4, Targets = ["*"])] // expect: ADALORA026
public sealed partial class TupleList : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> layers;

    public TupleList() : base("tuples")
    {
        var modules = new List<(string, Module<Tensor, Tensor>)>();
        modules.Add(("in", Linear(4, 8)));
        for (int i = 0; i < 2; i++)
        {
            modules.Add(($"hidden-{i}", Linear(8, 8)));
            modules.Add(($"act-{i}", ReLU(inplace: true)));
        }
        modules.Add(("out", Linear(8, 2)));
        layers = Sequential(modules);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => layers.call(x);
}

/// <summary>Arrays and collection expressions of modules.</summary>
[AdaLoRA(Budget = 4, Targets = ["array.*", "expression.*", "typed.*"])]
public sealed partial class Collections : Module<Tensor, Tensor>
{
    private readonly Sequential array = Sequential(new Module<Tensor, Tensor>[] { Linear(4, 4), ReLU() });
    private readonly Sequential typed = Sequential(new[] { Linear(4, 4), Linear(4, 4) });
    private readonly Sequential expression;

    public Collections() : base("collections")
    {
        expression = Sequential((Module<Tensor, Tensor>[])[Linear(4, 4), Tanh(), Linear(4, 4)]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => expression.call(typed.call(array.call(x)));
}

/// <summary>Appended: to an empty one, in a chain, in a loop.</summary>
[AdaLoRA(Budget = 4, Targets = ["*"])] // expect: ADALORA026
public sealed partial class Appended : Module<Tensor, Tensor>
{
    private readonly Sequential straight = Sequential();
    private readonly Sequential chained;
    private readonly Sequential named = Sequential();
    private readonly Sequential looped = Sequential();

    public Appended(int depth = 2) : base("appended")
    {
        straight.append(Linear(4, 4));
        straight.append(ReLU());
        chained = Sequential().append(Linear(4, 4)).append(Dropout());
        named.append("proj", Linear(4, 4));
        for (int i = 0; i < depth; i++) looped.append(Linear(4, 4)).append(ReLU());
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => looped.call(named.call(chained.call(straight.call(x))));
}

/// <summary>From LINQ.</summary>
[AdaLoRA(Budget = 4, Targets = ["layers*"])] // expect: ADALORA026
public sealed partial class FromLinq : Module<Tensor, Tensor>
{
    private readonly Sequential layers;

    public FromLinq(int depth = 3) : base("linq")
    {
        layers = Sequential(Enumerable.Range(0, depth).Select(_ => (Module<Tensor, Tensor>)Linear(4, 4)).ToArray());
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => layers.call(x);
}

/// <summary>Blocks of one's own class in a Sequential; each has registered what it holds.</summary>
[AdaLoRA(Budget = 4, Targets = ["body.*.conv"])]
public sealed partial class BlocksInside : Module<Tensor, Tensor>
{
    private readonly Sequential body = Sequential(new ConvRelu(3, 4), new ConvRelu(4, 4), new ConvRelu(4, 8));

    public BlocksInside() : base("blocks") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => body.call(x);

    private sealed class ConvRelu : Module<Tensor, Tensor>
    {
        private readonly Conv2d conv;

        public ConvRelu(long from, long to) : base("conv")
        {
            conv = Conv2d(from, to, kernel_size: 3, padding: 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => conv.call(x).relu();
    }
}

/// <summary>A block that never registers: nobody does it for the items of a Sequential.</summary>
[AdaLoRA(Budget = 4, Targets = ["head", "child.fc"])]
public sealed partial class UnregisteredInside : Module<Tensor, Tensor>
{
    private readonly Linear head = Linear(4, 4);
    private readonly Lazy child = new();
    private readonly Sequential body = Sequential(new Lazy(), ReLU());

    public UnregisteredInside() : base("unregistered") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => body.call(child.call(head.call(x)));

    private sealed class Lazy : Module<Tensor, Tensor>
    {
        private readonly Linear fc = Linear(4, 4);

        public Lazy() : base("lazy") { } // expect: ADALORA025

        public override Tensor forward(Tensor x) => fc.call(x);
    }
}

/// <summary>A subclass of Sequential: what its constructor hands down and appends is there.</summary>
[AdaLoRA(Budget = 4, Targets = ["block*"])] // expect: ADALORA026
public sealed partial class SubclassOfSequential : Module<Tensor, Tensor>
{
    private readonly ConvBlock block = new(3, 4);

    public SubclassOfSequential() : base("subclass") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => block.call(x);

    private sealed class ConvBlock : Sequential
    {
        // Not in named_modules(): a Sequential shows only its items.
        private readonly Linear own = Linear(4, 4); // expect: ADALORA029

        public ConvBlock(long from, long to) : base(("conv", Conv2d(from, to, 3)), ("act", ReLU())) => append("last", Conv2d(to, to, 1));

        public override Tensor forward(Tensor x) => own.call(base.forward(x));
    }
}
