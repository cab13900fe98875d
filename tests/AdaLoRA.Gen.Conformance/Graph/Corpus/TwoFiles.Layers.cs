using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.TwoFiles;

internal static class Sizes
{
    public const int Width = 8;
    public const int Hidden = 4 * Width;
    public const int Classes = 3;
    public const int Budget = Width / 2;
}

internal static class Names
{
    public const string Model = "spread";
    public const string Attention = "attention";
    public const string Up = "up_" + "proj";
}

partial class SpreadOver
{
    private readonly Linear attention = Linear(Sizes.Width, Sizes.Width);
    private readonly Mlp mlp;
}

internal sealed class Mlp : Module<Tensor, Tensor>
{
    [ComponentName(Name = Names.Up)]
    private readonly Linear up = Linear(Sizes.Width, Sizes.Hidden);

    private readonly Linear down = Linear(Sizes.Hidden, Sizes.Width);

    public Mlp() : base("mlp") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => down.call(functional.gelu(up.call(x)));
}
