using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Bases
{
    using Vector = Module<Tensor, Tensor>;

    public abstract class Backbone : Vector
    {
        private readonly Linear stem = Linear(4, 8);
        protected readonly Linear trunk;

        protected Backbone(string name) : base(name) => trunk = Linear(8, 8);

        protected Tensor Features(Tensor x) => trunk.call(stem.call(x));
    }

    /// <summary>Private and protected members of an abstract base.</summary>
    [AdaLoRA(Budget = 3, Targets = ["stem", "trunk", "head"])]
    public sealed partial class OnABackbone : Backbone
    {
        private readonly Linear head = Linear(8, 2);

        public OnABackbone() : base("derived") { RegisterComponents(); }

        public override Tensor forward(Tensor x) => head.call(Features(x));
    }

    public class Middle : Backbone
    {
        private readonly Linear neck = Linear(8, 8);

        protected Middle(string name) : base(name) { }

        public override Tensor forward(Tensor x) => neck.call(Features(x));
    }

    /// <summary>Three levels.</summary>
    [AdaLoRA(Budget = 3, Targets = ["*"])]
    public sealed partial class ThreeLevels : Middle
    {
        private readonly Linear head;

        public ThreeLevels() : base("three")
        {
            head = Linear(8, 2);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => head.call(base.forward(x));
    }

    public class HasProj : Vector
    {
        private readonly Linear proj = Linear(4, 4);
        protected Linear other = Linear(4, 4);

        public HasProj(string name) : base(name) { }

        public override Tensor forward(Tensor x) => proj.call(x);
    }

    /// <summary>The same name again in the derived class: TorchSharp takes the derived one and never sees the other.</summary>
    [AdaLoRA(Budget = 3, Targets = ["*"])]
    public sealed partial class HidesAName : HasProj
    {
        private readonly Linear proj = Linear(4, 8);
        private new readonly string other = "no module";

        public HidesAName() : base("hides") { RegisterComponents(); }

        public override Tensor forward(Tensor x) => proj.call(base.forward(x) + other.Length);
    }

    public abstract class RegistersItself : Vector
    {
        protected readonly Linear first = Linear(4, 4);

        protected RegistersItself(string name) : base(name) => RegisterComponents();
    }

    /// <summary>The base's constructor has registered before the derived one assigns: initialisers are in, assignments are lost.</summary>
    [AdaLoRA(Budget = 3, Targets = ["first", "initialised"])]
    public sealed partial class BaseWasEarly : RegistersItself
    {
        private readonly Linear initialised = Linear(4, 4);
        private readonly Linear assigned;

        public BaseWasEarly() : base("early")
        {
            assigned = Linear(4, 4); // expect: ADALORA030
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => assigned.call(initialised.call(first.call(x)));
    }

    /// <summary>The base asks derived classes for its layers.</summary>
    public abstract class Template : Vector
    {
        protected readonly Linear projection;
        protected readonly Vector activation;

        protected Template(string name) : base(name)
        {
            projection = MakeProjection();
            activation = MakeActivation();
        }

        protected abstract Linear MakeProjection();

        protected virtual Vector MakeActivation() => ReLU();

        public override Tensor forward(Tensor x) => activation.call(projection.call(x));
    }

    [AdaLoRA(Budget = 1, Targets = ["projection"])]
    public sealed partial class FromATemplate : Template
    {
        public FromATemplate() : base("template") { RegisterComponents(); }

        protected override Linear MakeProjection() => Linear(4, 4);
    }

    /// <summary>A field of an abstract class of one's own.</summary>
    [AdaLoRA(Budget = 3, Targets = ["known.*", "unknown.*"])] // expect: ADALORA026
    public sealed partial class AbstractFields : Vector
    {
        private readonly Backbone known = new Concrete();
        private readonly Backbone unknown;

        public AbstractFields(Backbone? given = null) : base("abstract")
        {
            unknown = given ?? Make();
            RegisterComponents();
        }

        private static Backbone Make() => new Concrete();

        public override Tensor forward(Tensor x) => known.call(x) + unknown.call(x);

        internal sealed class Concrete : Backbone
        {
            private readonly Linear extra = Linear(8, 8);

            public Concrete() : base("concrete") { RegisterComponents(); }

            public override Tensor forward(Tensor x) => extra.call(Features(x));
        }
    }
}
