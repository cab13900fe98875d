using AdaLoRA.Gen;
using TorchSharp.Modules;
using static TorchSharp.torch;

/// <summary>No namespace, and the full names of what derives from <c>nn</c>.</summary>
[AdaLoRA(Budget = 2, Targets = ["lin1", "lin2"])]
public sealed partial class CorpusGlobal : nn.Module<Tensor, Tensor>
{
    private readonly Linear lin1 = nn.Linear(4, 4);
    private readonly nn.Module<Tensor, Tensor> lin2 = nn.Linear(4, 4);

    public CorpusGlobal() : base("global") { RegisterComponents(); }

    public override Tensor forward(Tensor input)
    {
        using var x = lin1.call(input);
        return lin2.call(x);
    }
}
