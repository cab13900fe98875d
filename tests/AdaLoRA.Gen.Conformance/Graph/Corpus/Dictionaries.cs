using System.Collections.Generic;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Dictionaries;

/// <summary>Keys that stand in the source.</summary>
[AdaLoRA(Budget = 4, Targets = ["heads.{intent,slot}", "tails.*"])]
public sealed partial class ConstantKeys : Module<Tensor, Tensor>
{
    private const string Slot = "slot";
    private readonly ModuleDict<Linear> heads = ModuleDict(("intent", Linear(4, 7)), (Slot, Linear(4, 9)));
    private readonly ModuleDict<Module<Tensor, Tensor>> tails = new();

    public ConstantKeys() : base("keys")
    {
        tails.Add("short", Linear(7, 2));
        tails.Add(("long", Sequential(Linear(9, 4), ReLU(), Linear(4, 2))));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => tails["short"].call(heads["intent"].call(x)) + tails["long"].call(heads["slot"].call(x));
}

/// <summary>Keys that only the run knows.</summary>
[AdaLoRA(Budget = 4, Targets = ["encoder", "experts.*"])] // expect: ADALORA026
public sealed partial class ComputedKeys : Module<Tensor, Tensor>
{
    private readonly Linear encoder = Linear(4, 4);
    private readonly ModuleDict<Linear> experts = new();

    public ComputedKeys(IReadOnlyList<string>? languages = null) : base("experts")
    {
        foreach (string language in languages ?? new[] { "de", "en", "fr" }) experts.Add(language, Linear(4, 4));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = encoder.call(x);
        foreach (var (_, expert) in experts) x = x + expert.call(x);
        return x;
    }
}

/// <summary>A mixture of experts: a router, a dictionary of blocks, and what they share.</summary>
[AdaLoRA(Budget = 8, Targets = ["router", "experts.expert_{0,1}.w*", "shared.w1"])]
public sealed partial class MixtureOfExperts : Module<Tensor, Tensor>
{
    private readonly Linear router = Linear(8, 2, hasBias: false);
    private readonly ModuleDict<Expert> experts;
    private readonly Expert shared = new(8);

    public MixtureOfExperts() : base("moe")
    {
        experts = ModuleDict<Expert>(("expert_0", new Expert(8)), ("expert_1", new Expert(8)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var gates = functional.softmax(router.call(x), -1);
        var sum = shared.call(x);
        for (int i = 0; i < experts.Count; i++) sum += gates.narrow(-1, i, 1) * experts[$"expert_{i}"].call(x);
        return sum;
    }
}

public sealed class Expert : Module<Tensor, Tensor>
{
    private readonly Linear w1, w2, w3;

    public Expert(long width) : base("expert")
    {
        w1 = Linear(width, 2 * width, hasBias: false);
        w2 = Linear(2 * width, width, hasBias: false);
        w3 = Linear(width, 2 * width, hasBias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => w2.call(functional.silu(w1.call(x)) * w3.call(x));
}
