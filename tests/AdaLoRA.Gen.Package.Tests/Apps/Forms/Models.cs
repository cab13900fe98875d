using AdaLoRA.Gen;
using AdaLoRA.Gen.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Forms;

public sealed class Inner : Module<Tensor, Tensor>
{
    private readonly Linear p = Linear(8, 8);
    public Inner() : base("inner") => RegisterComponents();
    public override Tensor forward(Tensor x) => p.call(x);
}

/// <summary>Reached through its constructed type only.</summary>
public sealed class Block<T> : Module<Tensor, Tensor>
    where T : Module<Tensor, Tensor>, new()
{
    private readonly T inner = new();
    private readonly Linear own = Linear(8, 8);
    public Block() : base("block") => RegisterComponents();
    public override Tensor forward(Tensor x) => own.call(inner.call(x));
}

public abstract class WithPrivateLayers : Module<Tensor, Tensor>
{
    private readonly Linear hidden = Linear(8, 8);
    protected WithPrivateLayers(string name) : base(name) { }
    protected Tensor Hidden(Tensor x) => hidden.call(x);
}

public partial class Outer<T>
{
    [AdaLoRA(Budget = 4, Targets = ["*"])]
    public sealed partial class @class : WithPrivateLayers
    {
        private readonly Block<Inner> block = new();
        private readonly Nested nested = new();
        private readonly ModuleList<Nested> list = new(new Nested(), new Nested());
        private readonly Module<Tensor, Tensor> net = Sequential(("up", Linear(8, 16)), ("act", GELU()), ("down", new TransposedLinear(16, 8)));
        private Linear Auto { get; } = Linear(8, 8);

        public @class() : base("forms") => RegisterComponents();

        public override Tensor forward(Tensor x)
        {
            x = Auto.call(net.call(nested.call(block.call(Hidden(x)))));
            foreach (var item in list) x = x + item.call(x);
            return x;
        }

        private sealed class Nested : Module<Tensor, Tensor>
        {
            private readonly Linear q = Linear(8, 8);
            private readonly Module<Tensor, Tensor> other = new FileLocal();
            public Nested() : base("nested") => RegisterComponents();
            public override Tensor forward(Tensor x) => other.call(q.call(x));
        }
    }
}

file sealed class FileLocal : Module<Tensor, Tensor>
{
    public readonly Linear k = Linear(8, 8);
    public FileLocal() : base("local") => RegisterComponents();
    public override Tensor forward(Tensor x) => k.call(x);
}

/// <summary>Blocks of another assembly.</summary>
[AdaLoRA(Budget = 8, Targets = ["*.attention.self.{query,value}"], Trainable = ["head"])]
public sealed partial class Encoder : Module<Tensor, Tensor>
{
    private readonly BertModel encoder = new(new BertConfig { VocabSize = 11, HiddenSize = 8, LayerCount = 2, HeadCount = 2, IntermediateSize = 16, MaxPositions = 4 });
    private readonly Linear head = Linear(8, 2);
    public Encoder() : base("encoder") => RegisterComponents();
    public override Tensor forward(Tensor x) => head.call(x);
}

/// <summary>Holds an annotated model; trained by the host.</summary>
[AdaLoRA(Budget = 4, Targets = ["first", "child.q"])]
public sealed partial class Hosted : Module<Tensor, Tensor>
{
    private readonly Linear first = Linear(8, 8);
    private readonly Child child = new();
    public Hosted() : base("hosted") => RegisterComponents();
    public override Tensor forward(Tensor x) => child.call(first.call(x));
}

[LoRA(Rank = 2, Targets = ["q"])]
public sealed partial class Child : Module<Tensor, Tensor>
{
    private readonly Linear q = Linear(8, 8);
    public Child() : base("child") => RegisterComponents();
    public override Tensor forward(Tensor x) => q.call(x);
}
