using System;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Constructors;

/// <summary>Tuples, <c>this.</c> and plain names, all in one constructor.</summary>
[AdaLoRA(Budget = 6, Targets = ["?_proj"])]
public sealed partial class TupleAssignment : Module<Tensor, Tensor>
{
    private readonly Linear q_proj, k_proj, v_proj, o_proj;

    public TupleAssignment(int width = 8) : base("tuple")
    {
        (q_proj, this.k_proj, v_proj) = (Linear(width, width), Linear(width, width), Linear(width, width));
        this.o_proj = Linear(width, width);
        this.RegisterComponents();
    }

    public override Tensor forward(Tensor x) => o_proj.call(q_proj.call(x) * k_proj.call(x) + v_proj.call(x));
}

/// <summary>One constructor calls another.</summary>
[AdaLoRA(Budget = 2, Targets = ["down", "up"])]
public sealed partial class ChainedConstructors : Module<Tensor, Tensor>
{
    private readonly Linear down, up;

    public ChainedConstructors() : this(16, 4) { }

    public ChainedConstructors(int width, int rank) : base("chained")
    {
        down = Linear(width, rank);
        up = Linear(rank, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => up.call(down.call(x));
}

/// <summary>Locals first, members after.</summary>
[AdaLoRA(Budget = 3, Targets = ["*"])]
public sealed partial class LocalsFirst : Module<Tensor, Tensor>
{
    private readonly Linear a;
    private readonly Module<Tensor, Tensor> b;
    private readonly Sequential c;

    public LocalsFirst() : base("locals")
    {
        int width = 2 * 3;
        var first = Linear(width, width);
        var second = Linear(width, width);
        var third = Sequential(Linear(width, 1), Tanh());
        a = first;
        b = second;
        c = third;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => c.call(b.call(a.call(x)));
}

/// <summary>Layers from methods of the class's own, with and without a type that says what they are.</summary>
[AdaLoRA(Budget = 3, Targets = ["*"])] // expect: ADALORA026
public sealed partial class FactoryMethods : Module<Tensor, Tensor>
{
    private readonly Linear input = Projection(4, 8);
    private readonly Module<Tensor, Tensor> hidden = Hidden(8);
    private readonly Linear output;

    public FactoryMethods() : base("factories")
    {
        output = Projection(8, 2);
        RegisterComponents();
    }

    private static Linear Projection(int from, int to) => Linear(from, to, hasBias: false);

    private static Module<Tensor, Tensor> Hidden(int width) => Sequential(Linear(width, width), ReLU());

    public override Tensor forward(Tensor x) => output.call(hidden.call(input.call(x)));
}

public enum Act { Relu, Gelu, Glu }

/// <summary>Switch expressions choose layers.</summary>
[AdaLoRA(Budget = 3, Targets = ["proj", "mix"])]
public sealed partial class SwitchedLayers : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> act;
    private readonly Linear proj;
    private readonly Linear mix;

    public SwitchedLayers(Act kind = Act.Gelu) : base("switched")
    {
        act = kind switch
        {
            Act.Relu => ReLU(),
            Act.Gelu => GELU(),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
        proj = kind switch { Act.Glu => Linear(4, 16), _ => Linear(4, 8) };
        mix = kind == Act.Glu ? Linear(16, 4) : Linear(8, 4);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => mix.call(act.call(proj.call(x)));
}

/// <summary>The same member given one of two classes; only the run knows which.</summary>
[AdaLoRA(Budget = 3, Targets = ["stem", "body*"])] // expect: ADALORA026
public sealed partial class EitherLayer : Module<Tensor, Tensor>
{
    private readonly Linear stem = Linear(4, 4);
    private readonly Module<Tensor, Tensor> body;

    public EitherLayer(bool deep = true) : base("either")
    {
        if (deep) body = Sequential(Linear(4, 4), Tanh(), Linear(4, 4));
        else body = Linear(4, 4);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => body.call(stem.call(x));
}

/// <summary>The constructor leaves the work to a method.</summary>
[AdaLoRA(Budget = 3, Targets = ["*"])]
public sealed partial class InitMethod : Module<Tensor, Tensor>
{
    private Linear one = null!;
    private Linear two = null!;
    private Module<Tensor, Tensor> three = null!;

    public InitMethod() : base("init")
    {
        Build(4);
        RegisterComponents();
    }

    private void Build(int width)
    {
        one = Linear(width, width);
        two = Linear(width, width);
        three = Linear(width, width);
    }

    public override Tensor forward(Tensor x) => three.call(two.call(one.call(x)));
}

/// <summary>Created through a static method; the constructor is private.</summary>
[LoRA(Rank = 1, Targets = ["a", "b"])]
public sealed partial class StaticCreate : Module<Tensor, Tensor>
{
    private readonly Linear a;
    private readonly Linear b;

    private StaticCreate(Linear a, Linear b) : base("create")
    {
        this.a = a ?? throw new ArgumentNullException(nameof(a));
        this.b = b;
        RegisterComponents();
    }

    public static StaticCreate Create() => new(Linear(4, 4), Linear(4, 4));

    public override Tensor forward(Tensor x) => b.call(a.call(x));
}

/// <summary>Null-coalescing assignment and an argument that may be left out.</summary>
[AdaLoRA(Budget = 2, Targets = ["encoder", "head"])]
public sealed partial class Coalesced : Module<Tensor, Tensor>
{
    private readonly Linear encoder;
    private Linear? head;

    public Coalesced(Linear? shared = null) : base("coalesced")
    {
        encoder = shared ?? Linear(4, 4);
        head ??= Linear(4, 2);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => head!.call(encoder.call(x));
}
