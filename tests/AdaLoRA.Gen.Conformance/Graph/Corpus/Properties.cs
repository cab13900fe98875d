using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Properties
{
    /// <summary>Auto-properties of every sort: TorchSharp sees their backing fields.</summary>
    [AdaLoRA(Budget = 4, Targets = ["*Up>*", "*Down>*", "*Gate>*", "plain"])]
    public sealed partial class AutoProperties : Module<Tensor, Tensor>
    {
        public Linear Up { get; } = Linear(4, 8); // expect: ADALORA024
        public Linear Down { get; private set; } // expect: ADALORA024
        internal Linear Gate { get; init; } = Linear(4, 8); // expect: ADALORA024

        [field: ComponentName(Name = "plain")]
        private Linear Plain { get; } = Linear(4, 4);

        public AutoProperties() : base("properties")
        {
            Down = Linear(8, 4);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => Plain.call(Down.call(Up.call(x) * Gate.call(x).sigmoid()));
    }

    /// <summary>A property with a body over a field of its own.</summary>
    [AdaLoRA(Budget = 2, Targets = ["_inner", "_outer"])]
    public sealed partial class FullProperties : Module<Tensor, Tensor>
    {
        private Linear _inner;
        private Linear _outer;

        public Linear Inner
        {
            get { return _inner; }
            private set { _inner = value; }
        }

        public Linear Outer { get => _outer; }

        public FullProperties() : base("full")
        {
            _inner = Linear(4, 4);
            _outer = Linear(4, 4);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => Outer.call(Inner.call(x));
    }

    /// <summary>Required members are set after the constructor has run, so the constructor cannot be the one who registers them.</summary>
    [AdaLoRA(Budget = 2, Targets = ["first"])]
    public sealed partial class RequiredMembers : Module<Tensor, Tensor>
    {
        private readonly Linear first = Linear(4, 4);

        public required string Label { get; init; }

        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        public RequiredMembers(string label = "none") : base("required")
        {
            Label = label;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => first.call(x);
    }
}
