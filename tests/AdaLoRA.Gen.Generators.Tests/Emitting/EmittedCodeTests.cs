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

    [Fact]
    public void Every_kind_of_layer_and_every_option() => Golden.Verify(GeneratorRun.On("""
        namespace Demo;

        [AdaLoRA(Targets = ["*"], Budget = 9000, InitialRank = 2, Trainable = ["norm"], Alpha = 8, InitialWarmup = 0.2, FinalWarmup = 0.3, Interval = 5, Beta1 = 0.8, Beta2 = 0.9, OrthogonalWeight = 0,
            Dropout = 0.1, CheckpointRoot = "", Method = AdapterMethod.AdaLoRA, Fidelity = Fidelity.Reference, Score = ImportanceScore.SignalToNoise, BudgetUnit = BudgetUnit.Parameters,
            RankLimits = ["*: 1..", "t\u006fkens: ..2", @"{list.*,""quoted\,tokens}: 1..2"], Bias = BiasTraining.AdapterOnly, Compact = true, Seed = 7)]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly Embedding tokens = Embedding(100, 16);
            private readonly TransposedLinear transposed = new(16, 48);
            private readonly QuantizableEmbedding table = new(100, 16, weights: BaseWeights.Int8Rows);
            private readonly QuantizableLinear bytes = new(16, 48, false, BaseWeights.Int8Rows);
            private readonly Module<Tensor, Tensor> stem = Sequential(Conv1d(16, 8, 3), ReLU(), Conv2d(8, 8, (3, 5), groups: 2));
            private readonly ModuleList<Conv3d> list = new(Conv3d(4, 6, 3), Conv3d(4, 6, 3));
            private readonly Linear head = Linear(16, 4);
            private readonly LayerNorm norm = LayerNorm(16);
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """).Model);

    /// <summary>Null is no error of the compiler's; it states nothing.</summary>
    [Fact]
    public void Options_that_are_null_or_off()
    {
        string text = GeneratorRun.On(SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["*.query"], RankLimits = null!, Trainable = null!, CheckpointRoot = null!, Compact = false, Score = (ImportanceScore)9)]""")).Model;
        Assert.Contains("Budget = 2,\n                Targets = [\"*.query\"],\n                Compact = false,\n                Score = (global::AdaLoRA.Gen.ImportanceScore)(9),\n            },", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Bias_of_plain_LoRA() => Assert.Contains("Bias = global::AdaLoRA.Gen.BiasTraining.All,",
        GeneratorRun.On(SampleModels.Annotated("""[LoRA(Rank = 2, Bias = BiasTraining.All, Targets = ["*.query"])]""")).Model, StringComparison.Ordinal);

    [Fact]
    public void Plain_LoRA_in_nested_classes_of_the_global_namespace() => Golden.Verify(GeneratorRun.On("""
        public static partial class Outer
        {
            internal partial class Middle<T>
            {
                [LoRA(Rank = 2, Alpha = 0.5, Targets = ["@class", "event"])]
                private sealed partial class @class : Module<Tensor, Tensor>
                {
                    private readonly Linear @event = Linear(8, 8);
                    public @class() : base("m") => RegisterComponents();
                    public override Tensor forward(Tensor x) => x;
                }
            }
        }
        """.Replace("\"@class\", ", "", StringComparison.Ordinal)).Model);

    [Fact]
    public void Generic_owner_in_a_generic_annotated_class() => Golden.Verify(GeneratorRun.On("""
        namespace Demo.@namespace;

        public sealed class Block<T> : Module<Tensor, Tensor> where T : Module<Tensor, Tensor>, new()
        {
            private readonly T inner = new();
            private readonly Linear own = Linear(8, 8);
            public Block() : base("b") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }

        public sealed class Inner : Module<Tensor, Tensor>
        {
            private readonly Linear p = Linear(8, 8);
            public Inner() : base("i") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }

        [AdaLoRA(Budget = 4, Targets = ["*"])]
        public partial class M<T> : Module<Tensor, Tensor> where T : class
        {
            private readonly Block<Inner> block = new();
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """).Model);

    [Fact]
    public void Stub_of_a_model_with_a_pattern_in_error() => Golden.Verify(GeneratorRun.On(SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["blocks.*.qq"])]""")).Model);

    [Fact]
    public void Residual_patterns_and_a_derived_model() => Golden.Verify(GeneratorRun.On("""
        [LoRA(Rank = 2, Targets = ["q"])]
        public partial class Base : Module<Tensor, Tensor>
        {
            private readonly Linear q = Linear(8, 8);
            public Base() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }

        [AdaLoRA(Budget = 2, Targets = ["q", "any.{p,r}", "{q,any.s}"])]
        public partial class Derived : Base
        {
            private readonly object any = new Func<object>(() => ReLU())();
        }
        """).ModelSources.Single(s => s.HintName == "Derived.AdaLoRA.g.cs").SourceText.ToString());

    [Fact]
    public void Module_initializer() => Golden.Verify(GeneratorRun.On("public class C { }").Sources.Single().SourceText.ToString());

    [Fact]
    public void Module_initializer_only_where_the_run_time_is_referenced()
    {
        var compilation = Compilations.Create("");
        compilation = compilation.RemoveAllSyntaxTrees().WithReferences(compilation.References.Where(r => !r.Display!.EndsWith("AdaLoRA.Gen.dll", StringComparison.Ordinal)));
        Assert.Empty(GeneratorRun.On(compilation).Sources);
    }

    [Fact]
    public void Several_models_in_one_file_without_nullable_annotations()
    {
        string model = SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["*.query"])]""");
        string two = model + model[SampleModels.Block.Length..].Replace("class M", "class N", StringComparison.Ordinal).Replace("M()", "N()", StringComparison.Ordinal);
        Assert.Equal(["M.AdaLoRA.g.cs", "N.AdaLoRA.g.cs"], GeneratorRun.On(Compilations.Create(Microsoft.CodeAnalysis.NullableContextOptions.Disable, two)).ModelSources.Select(s => s.HintName));
    }

    [Fact]
    public void Names_that_the_view_could_not_have() => GeneratorRun.On("""
        [AdaLoRA(Budget = 2, Targets = ["*"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly Linear _path = Linear(2, 2), _adapters = Linear(2, 2), ToString_ = Linear(2, 2), AdaLoRAView_x = Linear(2, 2), model = Linear(2, 2), targets = Linear(2, 2), i = Linear(2, 2);
            private readonly Sequential x = Sequential(("Equals", Linear(2, 2)), ("fc-1", Linear(2, 2)), ("fc_1", Linear(2, 2)), ("AdaLoRAView_x", Linear(2, 2)), ("{a\"}", Linear(2, 2)));
            private readonly ModuleList<Linear> list = new(Linear(2, 2), Linear(2, 2));
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """);

    /// <summary>Two classes of one file name, two files.</summary>
    [Fact]
    public void Same_name_in_two_namespaces()
    {
        string model = SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["*.query"])]""");
        Assert.Equal(["A.M.AdaLoRA.g.cs", "B.M.AdaLoRA.g.cs"], GeneratorRun.On("namespace A { " + model + " } namespace B { " + model + " }").ModelSources.Select(s => s.HintName));
    }
}
