using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Nested
{
    /// <summary>Annotated inside an ordinary class.</summary>
    public static partial class Outer
    {
        [AdaLoRA(Budget = 2, Targets = ["block.fc"])]
        public sealed partial class Inside : Module<Tensor, Tensor>
        {
            private readonly Block block = new();

            public Inside() : base("inside") { RegisterComponents(); }

            public override Tensor forward(Tensor x) => block.call(x);

            private sealed class Block : Module<Tensor, Tensor>
            {
                private readonly Linear fc = Linear(4, 4);

                public Block() : base("block") { RegisterComponents(); }

                public override Tensor forward(Tensor x) => fc.call(x);
            }
        }

        public partial record struct Deeper
        {
            internal partial interface IHolder
            {
                [LoRA(Rank = 1, Targets = ["fc"])]
                internal sealed partial class Model : Module<Tensor, Tensor>
                {
                    private readonly Linear fc = Linear(4, 4);

                    public Model() : base("deep") { RegisterComponents(); }

                    public override Tensor forward(Tensor x) => fc.call(x);
                }
            }
        }
    }

    /// <summary>A private class of another class: its members can be named, the class cannot.</summary>
    public sealed class Encoder : Module<Tensor, Tensor>
    {
        private readonly Cell cell = new();
        private readonly Linear proj = Linear(4, 4);

        public Encoder() : base("encoder") { RegisterComponents(); }

        public override Tensor forward(Tensor x) => proj.call(cell.call(x));

        private sealed class Cell : Module<Tensor, Tensor>
        {
            private readonly Linear gate = Linear(4, 4);

            public Cell() : base("cell") { RegisterComponents(); }

            public override Tensor forward(Tensor x) => gate.call(x).sigmoid();
        }
    }

    [AdaLoRA(Budget = 2, Targets = ["encoder.cell.gate", "encoder.proj"])] // expect: ADALORA026
    public sealed partial class OverAPrivateClass : Module<Tensor, Tensor>
    {
        private readonly Encoder encoder = new();

        public OverAPrivateClass() : base("over") { RegisterComponents(); }

        public override Tensor forward(Tensor x) => encoder.call(x);
    }

    namespace Inner.Most
    {
        using Dense = TorchSharp.Modules.Linear;

        /// <summary>A namespace in a namespace, and an alias for a layer.</summary>
        [AdaLoRA(Budget = 1, Targets = ["fc"])]
        internal partial class Aliased : Module<Tensor, Tensor>
        {
            private readonly Dense fc = Linear(4, 4);

            internal Aliased() : base("aliased") { RegisterComponents(); }

            public override Tensor forward(Tensor x) => fc.call(x);
        }
    }
}
