using System.Collections.Generic;
using System.Linq;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Lists;

public sealed class Block : Module<Tensor, Tensor>
{
    private readonly Linear fc1, fc2;
    private readonly LayerNorm norm;

    public Block(int width) : base("block")
    {
        norm = LayerNorm(width);
        fc1 = Linear(width, 2 * width);
        fc2 = Linear(2 * width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => x + fc2.call(fc1.call(norm.call(x)).relu());
}

/// <summary>A loop whose end is an argument.</summary>
[AdaLoRA(Budget = 4, Targets = ["blocks.*.fc{1,2}"])]
public sealed partial class FilledInALoop : Module<Tensor, Tensor>
{
    private readonly ModuleList<Block> blocks = new();

    public FilledInALoop(int depth = 3) : base("loop")
    {
        for (int i = 0; i < depth; i++)
        {
            blocks.Add(new Block(4));
        }
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => blocks.Aggregate(x, (state, block) => block.call(state));
}

/// <summary>LINQ in all the ways that end in an array.</summary>
[AdaLoRA(Budget = 6, Targets = ["*"])] // expect: ADALORA026
public sealed partial class FromSequences : Module<Tensor, Tensor>
{
    private readonly ModuleList<Block> range;
    private readonly ModuleList<Linear> spread;
    private readonly ModuleList<Block> query;
    private readonly ModuleList<Module<Tensor, Tensor>> mixed;

    public FromSequences(int depth = 2) : base("linq")
    {
        range = ModuleList(Enumerable.Range(0, depth).Select(_ => new Block(4)).ToArray());
        spread = new ModuleList<Linear>([.. Enumerable.Repeat(4, depth).Select(width => Linear(width, width))]);
        query = new ModuleList<Block>((from i in Enumerable.Range(1, depth) select new Block(4)).ToArray());
        mixed = ModuleList<Module<Tensor, Tensor>>([Linear(4, 4), .. Enumerable.Range(0, depth).Select(_ => new Block(4))]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var block in range) x = block.call(x);
        foreach (var linear in spread) x = linear.call(x);
        foreach (var block in query) x = block.call(x);
        foreach (var module in mixed) x = module.call(x);
        return x;
    }
}

/// <summary>Given one by one.</summary>
[AdaLoRA(Budget = 4, Targets = ["stages.{0..2}", "pair.1", "array.*"])]
public sealed partial class GivenOneByOne : Module<Tensor, Tensor>
{
    private readonly ModuleList<Linear> stages = new(Linear(4, 8), Linear(8, 8), Linear(8, 4));
    private readonly ModuleList<Module<Tensor, Tensor>> pair = ModuleList<Module<Tensor, Tensor>>(ReLU(), Linear(4, 4));
    private readonly ModuleList<Linear> array = new(new[] { Linear(4, 4), Linear(4, 4) });

    public GivenOneByOne() : base("given") { RegisterComponents(); }

    public override Tensor forward(Tensor x)
    {
        foreach (var stage in stages) x = stage.call(x);
        return array[1].call(array[0].call(pair[1].call(pair[0].call(x))));
    }
}

/// <summary>Added one by one, by each of the methods.</summary>
[AdaLoRA(Budget = 4, Targets = ["added.*", "appended.*", "extended.*"])]
public sealed partial class AddedOneByOne : Module<Tensor, Tensor>
{
    private readonly ModuleList<Linear> added;
    private readonly ModuleList<Linear> appended = new();
    private readonly ModuleList<Linear> extended = new();
    private readonly ModuleList<Linear> initialised = new() { Linear(4, 4), Linear(4, 4) };

    public AddedOneByOne() : base("added")
    {
        added = new ModuleList<Linear>();
        added.Add(Linear(4, 4));
        added.Add(Linear(4, 4));
        appended.append(Linear(4, 4), Linear(4, 4));
        extended.extend(new List<Linear> { Linear(4, 4), Linear(4, 4) });
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var list in new[] { added, appended, extended, initialised })
            foreach (var linear in list) x = linear.call(x);
        return x;
    }
}

/// <summary>Lists in lists, both ragged and square.</summary>
[AdaLoRA(Budget = 4, Targets = ["*"])]
public sealed partial class NestedLists : Module<Tensor, Tensor>
{
    private readonly ModuleList<ModuleList<Linear>> grid = new(new ModuleList<Linear>(Linear(4, 4), Linear(4, 4)), new ModuleList<Linear>(Linear(4, 4)));
    private readonly ModuleList<ModuleList<Block>> levels = new();

    public NestedLists(int levels = 2, int depth = 2) : base("nested")
    {
        for (int i = 0; i < levels; i++)
        {
            var level = new ModuleList<Block>();
            for (int j = 0; j < depth; j++) level.Add(new Block(4));
            this.levels.Add(level);
        }
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var row in grid) foreach (var linear in row) x = linear.call(x);
        foreach (var level in levels) foreach (var block in level) x = block.call(x);
        return x;
    }
}

/// <summary>Items that differ in class: one node each.</summary>
[AdaLoRA(Budget = 3, Targets = ["layers.{0,3}", "layers.2.fc1"])]
public sealed partial class MixedItems : Module<Tensor, Tensor>
{
    private readonly ModuleList<Module<Tensor, Tensor>> layers;

    public MixedItems() : base("mixed")
    {
        layers = ModuleList<Module<Tensor, Tensor>>(Linear(4, 4), GELU(), new Block(4), Linear(4, 2));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var layer in layers) x = layer.call(x);
        return x;
    }
}

/// <summary>A local list that becomes the field.</summary>
[AdaLoRA(Budget = 3, Targets = ["layers.*"])]
public sealed partial class LocalThenField : Module<Tensor, Tensor>
{
    private readonly ModuleList<Linear> layers;

    public LocalThenField(int depth = 3) : base("local")
    {
        var made = new List<Linear>();
        for (int i = 0; i < depth; i++) made.Add(Linear(4, 4));
        layers = ModuleList(made.ToArray());
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        for (int i = 0; i < layers.Count; i++) x = layers[i].call(x);
        return x;
    }
}

/// <summary>Added where the list is registered already: TorchSharp does not see it any more.</summary>
[AdaLoRA(Budget = 3, Targets = ["layers.0"])]
public sealed partial class AddedTooLate : Module<Tensor, Tensor>
{
    private readonly ModuleList<Linear> layers = new();

    public AddedTooLate() : base("late items")
    {
        layers.Add(Linear(4, 4));
        RegisterComponents();
        layers.Add(Linear(4, 4)); // expect: ADALORA025
    }

    public override Tensor forward(Tensor x) => layers[1].call(layers[0].call(x));
}
