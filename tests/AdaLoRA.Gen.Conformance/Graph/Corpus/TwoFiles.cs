using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.TwoFiles;

/// <summary>The constructor and the attribute are here, most members are in <c>TwoFiles.Layers.cs</c>.</summary>
[AdaLoRA(Budget = Sizes.Budget, Targets = [Names.Attention, "mlp." + Names.Up, "head"])]
public sealed partial class SpreadOver : Module<Tensor, Tensor>
{
    private readonly Linear head;

    public SpreadOver() : base(Names.Model)
    {
        mlp = new Mlp();
        head = Linear(Sizes.Width, Sizes.Classes);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => head.call(mlp.call(attention.call(x)));
}
