using System;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Fields;

/// <summary>Every accessibility that a field can have.</summary>
[AdaLoRA(Budget = 6, Targets = ["own", "shared", "inner", "open", "either", "both"])]
public partial class Accessibilities : Module<Tensor, Tensor>
{
    private Linear own = Linear(4, 4);
    protected Linear shared = Linear(4, 4);
    internal Linear inner = Linear(4, 4);
    public Linear open = Linear(4, 4);
    protected internal Linear either = Linear(4, 4);
    private protected Linear both = Linear(4, 4);

    public Accessibilities() : base("accessibilities") => RegisterComponents();

    public override Tensor forward(Tensor x) => both.call(either.call(open.call(inner.call(shared.call(own.call(x))))));
}

/// <summary>Several declarators in one declaration, some with a value and some without.</summary>
[LoRA(Rank = 2, Targets = ["{query,key,value}", "out_proj"])]
internal sealed partial class Declarators : Module<Tensor, Tensor>
{
    private readonly Linear query = Linear(8, 8, hasBias: false), key = Linear(8, 8, hasBias: false), value;
    private readonly Linear out_proj;
    private readonly Dropout drop = Dropout(0.1), late;

    public Declarators(double p = 0.1) : base(nameof(Declarators))
    {
        value = Linear(8, 8, hasBias: false);
        out_proj = Linear(8, 8);
        late = Dropout(p);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var weights = functional.softmax(query.call(x).matmul(key.call(x).transpose(-2, -1)), -1);
        return late.call(out_proj.call(drop.call(weights).matmul(value.call(x))));
    }
}

/// <summary>Nullable members: one is there, one is not, one depends on an argument.</summary>
[AdaLoRA(Budget = 4, Targets = ["*"])]
public sealed partial class NullableFields : Module<Tensor, Tensor>
{
    private readonly Linear first = Linear(4, 4);
    private readonly Linear? never;
    private readonly Linear? projection;
    private readonly Module<Tensor, Tensor>? head;

    public NullableFields(bool project = true, bool classify = false) : base("nullable")
    {
        never = null;
        projection = project ? Linear(4, 8) : null;
        if (classify) head = Linear(8, 2);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = first.call(x);
        if (never is not null) x = never.call(x);
        if (projection != null) x = projection.call(x);
        return head?.call(x) ?? x;
    }
}

/// <summary>Names that are keywords of the language.</summary>
[AdaLoRA(Budget = 4, Targets = ["class", "event.base", "namespace"])]
public sealed partial class Keywords : Module<Tensor, Tensor>
{
    private readonly Linear @class = Linear(4, 4);
    private readonly Inner @event = new();
    internal Linear @namespace = Linear(4, 4);

    public Keywords() : base("keywords") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => @namespace.call(@event.call(@class.call(x)));

    internal sealed class Inner : Module<Tensor, Tensor>
    {
        public readonly Linear @base = Linear(4, 4);

        public Inner() : base("inner") { RegisterComponents(); }

        public override Tensor forward(Tensor x) => @base.call(x);
    }
}

/// <summary>Names given by attribute, as a port of a checkpoint writes them.</summary>
[AdaLoRA(Budget = 3, Targets = ["{q_proj,k_proj,v_proj}"])]
public sealed partial class ComponentNames : Module<Tensor, Tensor>
{
    private const string ValueName = "v_proj";

    [ComponentName(Name = "q_proj")]
    private readonly Linear _query;

    [ComponentName(Name = "k_proj")]
    private readonly Linear _key;

    [field: ComponentName(Name = ValueName)]
    public Linear Value { get; }

    public ComponentNames() : base("names")
    {
        (_query, _key, Value) = (Linear(6, 6), Linear(6, 6), Linear(6, 6));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => _query.call(x) + _key.call(x) + Value.call(x);
}

/// <summary>What is static, constant or computed is registered nowhere.</summary>
[LoRA(Rank = 1, Targets = ["own"])]
public sealed partial class StaticAndComputed : Module<Tensor, Tensor>
{
    private static readonly Linear Shared = Linear(4, 4);
    private const int Width = 4;
    private readonly Linear own = Linear(Width, Width);
    private readonly Func<Tensor, Tensor> activation = x => functional.relu(x);

    public Linear Computed => Shared;

    public Linear Alias { get => own; }

    public StaticAndComputed() : base("static") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => activation(Alias.call(x));
}
