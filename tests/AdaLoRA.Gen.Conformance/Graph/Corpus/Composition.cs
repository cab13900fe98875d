using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Composition;

/// <summary>Annotated itself, and held by an annotated model.</summary>
[LoRA(Rank = 2, Targets = ["fc1", "fc2"])]
public sealed partial class Tower : Module<Tensor, Tensor>
{
    private readonly Linear fc1 = Linear(4, 8);
    private readonly Linear fc2 = Linear(8, 4);

    public Tower() : base("tower") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => fc2.call(fc1.call(x).relu());
}

[AdaLoRA(Budget = 4, Targets = ["{left,right}.fc?"])]
public sealed partial class TwoTowers : Module<Tensor, Tensor, Tensor>
{
    private readonly Tower left = new();
    private readonly Tower right = new();

    public TwoTowers() : base("towers") { RegisterComponents(); }

    public override Tensor forward(Tensor x, Tensor y) => (left.call(x) * right.call(y)).sum(-1);
}

/// <summary>A Siamese net: the same module in two members is two modules with one set of parameters.</summary>
[AdaLoRA(Budget = 2, Targets = ["*"])]
public sealed partial class Siamese : Module<Tensor, Tensor, Tensor>
{
    private readonly Tower first = new();
    private readonly Tower second;

    public Siamese() : base("siamese")
    {
        second = first;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor y) => functional.cosine_similarity(first.call(x), second.call(y), 1);
}

/// <summary>A derived model of an annotated one.</summary>
[AdaLoRA(Budget = 3, Targets = ["body", "head"])]
public partial class BaseModel : Module<Tensor, Tensor>
{
    private readonly Linear body = Linear(4, 4);
    protected readonly Linear head = Linear(4, 4);

    public BaseModel() : this("base") => RegisterComponents();

    protected BaseModel(string name) : base(name) { }

    public override Tensor forward(Tensor x) => head.call(body.call(x));
}

[AdaLoRA(Budget = 4, Targets = ["body", "head", "extra"])]
public sealed partial class DerivedModel : BaseModel
{
    private readonly Linear extra = Linear(4, 4);

    public DerivedModel() : base("derived") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => extra.call(base.forward(x));
}

/// <summary>Weights that are tied: an embedding's table is the head's matrix.</summary>
[AdaLoRA(Budget = 2, Targets = ["decoder"], Trainable = ["embedding"])]
public sealed partial class TiedWeights : Module<Tensor, Tensor>
{
    private readonly Embedding embedding = Embedding(16, 4);
    private readonly Linear decoder = Linear(4, 16, hasBias: false);

    public TiedWeights() : base("tied")
    {
        RegisterComponents();
    }

    public override Tensor forward(Tensor ids) => decoder.call(embedding.call(ids));
}
