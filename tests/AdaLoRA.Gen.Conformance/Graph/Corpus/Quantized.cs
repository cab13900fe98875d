using System.Linq;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Quantized;

/// <summary>A base whose matrices are bytes, with a head that is the table once more.</summary>
[AdaLoRA(Budget = 8, Targets = ["blocks.*.{up,down}", "gate"])]
public sealed partial class BytesBelow : Module<Tensor, Tensor>, ITiedWeights
{
    private readonly QuantizableEmbedding table;
    private readonly ModuleList<Block> blocks;
    private readonly QuantizableLinear gate;

    public BytesBelow(int depth = 3, BaseWeights weights = BaseWeights.Int8Rows) : base("bytes")
    {
        table = new QuantizableEmbedding(20, 8, weights: weights);
        blocks = new ModuleList<Block>(Enumerable.Range(0, depth).Select(_ => new Block(8, weights)).ToArray());
        gate = QuantizableLinear.From(Linear(8, 8));
        RegisterComponents();
    }

    public System.Collections.Generic.IEnumerable<string> TiedParameters => ["table.weight"];

    public override Tensor forward(Tensor ids)
    {
        var x = table.call(ids);
        foreach (var block in blocks) x = block.call(x);
        return table.Scores(x * gate.call(x).sigmoid());
    }

    public sealed class Block : Module<Tensor, Tensor>
    {
        private readonly QuantizableLinear up, down;

        public Block(int width, BaseWeights weights) : base("block")
        {
            up = new QuantizableLinear(width, 2 * width, weights: weights);
            down = new QuantizableLinear(2 * width, width, hasBias: false, weights);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => x + down.call(functional.gelu(up.call(x)));
    }
}
