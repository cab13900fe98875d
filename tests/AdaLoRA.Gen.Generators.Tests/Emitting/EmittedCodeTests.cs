using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Emitting;

/// <summary>The whole text of the generated part, for the shapes of model that differ in it.</summary>
public sealed class EmittedCodeTests
{
    public const string Encoder = """
        namespace Demo;

        public sealed class SelfAttention : Module<Tensor, Tensor>
        {
            private readonly Linear query = Linear(32, 32), key = Linear(32, 32);
            public readonly Linear value = Linear(32, 16);
            public SelfAttention() : base("attention") => RegisterComponents();
            public override Tensor forward(Tensor x) => value.call(query.call(x) + key.call(x));
        }

        public sealed class Layer : Module<Tensor, Tensor>
        {
            private readonly SelfAttention attention = new();
            internal readonly Module<Tensor, Tensor> ffn = Sequential(("up", Linear(32, 64)), ("act", ReLU()), ("down", Linear(64, 32)));
            public Layer() : base("layer") => RegisterComponents();
            public override Tensor forward(Tensor x) => ffn.call(attention.call(x));
        }

        public sealed class Encoder : Module<Tensor, Tensor>
        {
            private readonly ModuleList<Layer> layers = new();
            public Encoder(int count) : base("encoder")
            {
                for (int i = 0; i < count; i++) layers.Add(new Layer());
                RegisterComponents();
            }
            public override Tensor forward(Tensor x) => layers.Aggregate(x, (h, layer) => layer.call(h));
        }

        """;

    [Fact]
    public void Encoder_with_a_list_private_members_and_a_sequential() => Golden.Verify(GeneratorRun.On(Encoder + """
        [AdaLoRA(Budget = 24, InitialRank = 4, InitialWarmup = 0.2, Trainable = ["head"], CheckpointRoot = "encoder", Fidelity = Fidelity.Paper,
            Targets = ["encoder.layers.*.attention.{query,key,value}", "encoder.layers.{0,2}.ffn.up"])]
        public partial class Classifier : Module<Tensor, Tensor>
        {
            private readonly Encoder encoder;
            private readonly Linear head = Linear(32, 4);
            public Classifier(int count) : base("classifier")
            {
                encoder = new Encoder(count);
                RegisterComponents();
            }
            public override Tensor forward(Tensor x) => head.call(encoder.call(x));
        }
        """).Model);
}
