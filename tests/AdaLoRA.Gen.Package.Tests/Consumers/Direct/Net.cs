using AdaLoRA.Gen;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Consumer
{
    /// <summary>Two models in one: a list of layers, and a block that holds a private one.</summary>
    [AdaLoRA(Budget = 6, InitialRank = 4, Targets = new[] { "layers.*", "block.hidden" }, Trainable = new[] { "head" })]
    public sealed partial class Net : Module<Tensor, Tensor>
    {
        private readonly ModuleList<Linear> layers = new ModuleList<Linear>(Linear(16, 16), Linear(16, 16));
        private readonly Block block = new Block();
        private readonly Linear head = Linear(16, 3);

        /// <summary>Random weights.</summary>
        public Net() : base(nameof(Net))
        {
            RegisterComponents();
        }

        /// <inheritdoc/>
        public override Tensor forward(Tensor input)
        {
            foreach (var layer in layers) input = functional.gelu(layer.call(input));
            return head.call(block.call(input));
        }
    }

    /// <summary>A module whose layer nobody else sees.</summary>
    public sealed class Block : Module<Tensor, Tensor>
    {
        private readonly Linear hidden = Linear(16, 16);

        /// <summary>Random weights.</summary>
        public Block() : base(nameof(Block))
        {
            RegisterComponents();
        }

        /// <inheritdoc/>
        public override Tensor forward(Tensor input)
        {
            return hidden.call(input);
        }
    }
}
