using System.Collections.Generic;
using System.Linq;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Unusual;

/// <summary>Fields whose type says nothing.</summary>
[AdaLoRA(Budget = 3, Targets = ["*"])] // expect: ADALORA026
public sealed partial class SaysNothing : Module<Tensor, Tensor>
{
    private readonly object made = Linear(4, 4);
    private readonly object given = Make();
    private readonly IModule<Tensor, Tensor> contract = Linear(4, 4);

    public SaysNothing() : base("objects") { RegisterComponents(); }

    private static object Make() => Linear(4, 4);

    public override Tensor forward(Tensor x) => contract.call(((Linear)given).call(((Linear)made).call(x)));
}

/// <summary>Registered by hand, under names that stand in the source.</summary>
[AdaLoRA(Budget = 3, Targets = ["late", "fc", "blocks_*"])] // expect: ADALORA026
public sealed partial class ByHand : Module<Tensor, Tensor>
{
    private readonly List<Linear> blocks = [];
    private readonly Linear fc = Linear(4, 4);
    private readonly Linear inner;

    public ByHand(int depth = 2) : base("by hand")
    {
        inner = Linear(4, 4);
        register_module("late", inner);
        for (int i = 0; i < depth; i++)
        {
            blocks.Add(Linear(4, 4));
            register_module($"blocks_{i}", blocks[i]);
        }
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => blocks.Aggregate(fc.call(inner.call(x)), (state, block) => block.call(state));
}

/// <summary>RegisterComponents is overridden: it registers what it likes.</summary>
[AdaLoRA(Budget = 3, Targets = ["renamed"])] // expect: ADALORA026
public sealed partial class OverridesRegistration : Module<Tensor, Tensor>
{
    private readonly Linear fc = Linear(4, 4);
    private readonly Linear hidden = Linear(4, 4);

    public OverridesRegistration() : base("overrides") { RegisterComponents(); }

    protected override void RegisterComponents()
    {
        if (named_children().Any()) return;
        register_module("renamed", fc);
    }

    public override Tensor forward(Tensor x) => hidden.call(fc.call(x));
}

/// <summary>The override adds to what the base does.</summary>
[AdaLoRA(Budget = 3, Targets = ["fc", "more*"])] // expect: ADALORA026
public sealed partial class ExtendsRegistration : Module<Tensor, Tensor>
{
    private readonly Linear fc = Linear(4, 4);
    private readonly Linear[] more = [Linear(4, 4), Linear(4, 4)];

    public ExtendsRegistration() : base("extends") { RegisterComponents(); }

    protected override void RegisterComponents()
    {
        base.RegisterComponents();
        for (int i = 0; i < more.Length; i++)
            if (!named_children().Any(c => c.name == $"more{i}")) register_module($"more{i}", more[i]);
    }

    public override Tensor forward(Tensor x) => more[1].call(more[0].call(fc.call(x)));
}

/// <summary>Arrays, lists, dictionaries and tuples hold modules, but register none.</summary>
[AdaLoRA(Budget = 1, Targets = ["seen"])]
public sealed partial class HeldButNotRegistered : Module<Tensor, Tensor>
{
    private readonly Linear seen = Linear(4, 4);
    private readonly Linear[] array = [Linear(4, 4)]; // expect: ADALORA023
    private readonly List<Linear> list = [Linear(4, 4)]; // expect: ADALORA023
    private readonly IReadOnlyList<Module<Tensor, Tensor>> readOnly = [Linear(4, 4)]; // expect: ADALORA023
    private readonly Dictionary<string, Linear> dictionary = new() { ["a"] = Linear(4, 4) }; // expect: ADALORA023
    private readonly (Linear Left, Linear Right) pair = (Linear(4, 4), Linear(4, 4)); // expect: ADALORA023

    public HeldButNotRegistered() : base("held") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => pair.Right.call(pair.Left.call(dictionary["a"].call(readOnly[0].call(list[0].call(array[0].call(seen.call(x)))))));
}

/// <summary>A class that holds itself.</summary>
[AdaLoRA(Budget = 3, Targets = ["root.value", "root.left.value"])] // expect: ADALORA026
public sealed partial class HoldsATree : Module<Tensor, Tensor>
{
    private readonly Tree root = new(2);

    public HoldsATree() : base("tree") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => root.call(x);

    internal sealed class Tree : Module<Tensor, Tensor>
    {
        private readonly Linear value = Linear(4, 4);
        private readonly Tree? left, right;

        public Tree(int depth) : base("tree")
        {
            if (depth > 0) (left, right) = (new Tree(depth - 1), new Tree(depth - 1));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => left is null || right is null ? value.call(x) : left.call(value.call(x)) + right.call(x);
    }
}

/// <summary>The same layer in two fields.</summary>
[AdaLoRA(Budget = 1, Targets = ["shared", "alias"])]
public sealed partial class SameLayerTwice : Module<Tensor, Tensor>
{
    private readonly Linear shared = Linear(4, 4);
    private readonly Linear alias;

    public SameLayerTwice() : base("twice")
    {
        alias = shared;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => alias.call(shared.call(x));
}

/// <summary>Assigned when everything is registered already.</summary>
[AdaLoRA(Budget = 2, Targets = ["inTime"])]
public sealed partial class AssignedLate : Module<Tensor, Tensor>
{
    private readonly Linear inTime;
    private readonly Linear late;
    private Linear? lazy;

    public AssignedLate() : base("late")
    {
        inTime = Linear(4, 4);
        RegisterComponents();
        late = Linear(4, 4); // expect: ADALORA025
    }

    private Linear Lazy => lazy ??= Linear(4, 4);

    public override Tensor forward(Tensor x) => Lazy.call(late.call(inTime.call(x)));
}

/// <summary>Nothing is ever registered.</summary>
[AdaLoRA(Budget = 1, Targets = ["fc"])]
public sealed partial class NeverRegisters : Module<Tensor, Tensor>
{
    private readonly Linear fc = Linear(4, 4);

    public NeverRegisters() : base("never") { } // expect: ADALORA025

    public override Tensor forward(Tensor x) => fc.call(x);
}

/// <summary>A method exchanges a layer after construction: TorchSharp keeps the old one.</summary>
[AdaLoRA(Budget = 2, Targets = ["body", "head"])]
public sealed partial class Reassigned : Module<Tensor, Tensor>
{
    private readonly Linear body = Linear(4, 4);
    private Linear head = Linear(4, 2);

    public Reassigned() : base("reassigned") { RegisterComponents(); }

    public void ResetHead(int classes) => head = Linear(4, classes); // expect: ADALORA022

    public override Tensor forward(Tensor x) => head.call(body.call(x));
}

/// <summary>Subclasses of the containers with members of their own.</summary>
[AdaLoRA(Budget = 2, Targets = ["list*"])] // expect: ADALORA026
public sealed partial class SubclassOfList : Module<Tensor, Tensor>
{
    private readonly Blocks list = new(2);

    public SubclassOfList() : base("sublist") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => list.Run(x);

    internal sealed class Blocks : ModuleList<Linear>
    {
        private readonly Linear own = Linear(4, 4); // expect: ADALORA029

        public Blocks(int depth)
        {
            for (int i = 0; i < depth; i++) Add(Linear(4, 4));
        }

        public Tensor Run(Tensor x) => own.call(this.Aggregate(x, (state, layer) => layer.call(state)));
    }
}
