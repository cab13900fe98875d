using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Reading;

/// <summary>Models of a referenced assembly, as a reference assembly shows them: without private members.</summary>
public sealed class LibraryTests
{
    private static readonly Microsoft.CodeAnalysis.MetadataReference Bert = Compilations.Library("""
        namespace Library;

        public sealed class BertSelfAttention : Module<Tensor, Tensor>
        {
            public readonly Linear query, key, value;
            public BertSelfAttention(int hidden) : base("self") { query = Linear(hidden, hidden); key = Linear(hidden, hidden); value = Linear(hidden, hidden); RegisterComponents(); }
            public override Tensor forward(Tensor x) => x;
        }

        public sealed class BertLayer : Module<Tensor, Tensor>
        {
            public readonly BertSelfAttention self;
            public Linear Dense { get; }
            public BertLayer(int hidden) : base("layer") { self = new(hidden); Dense = Linear(hidden, hidden); RegisterComponents(); }
            public override Tensor forward(Tensor x) => x;
        }

        public sealed class BertModel : Module<Tensor, Tensor>
        {
            public readonly ModuleList<BertLayer> layer = new();
            public BertModel(int hidden) : base("bert") { for (int i = 0; i < 2; i++) layer.Add(new BertLayer(hidden)); RegisterComponents(); }
            public override Tensor forward(Tensor x) => x;
        }

        public sealed class Closed : Module<Tensor, Tensor>
        {
            private readonly Linear inside = Linear(2, 2);
            public Closed() : base("closed") => RegisterComponents();
            public override Tensor forward(Tensor x) => inside.call(x);
        }
        """);

    private static string Model(string targets, string field = "private readonly Library.BertModel encoder = new(8);") => $$"""
        [AdaLoRA(Budget = 2, Targets = [{{targets}}])]
        public partial class M : Module<Tensor, Tensor>
        {
            {{field}}
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """;

    [Fact]
    public void Public_members_are_walked()
    {
        string text = GeneratorRun.On(Compilations.Create(Model("\"*.self.{query,key,value}\", \"*Dense*\"")).AddReferences(Bert)).Model;
        foreach (string line in new[]
        {
            "new(\"encoder.layer.*.self.query\", -1, -1),",
            "new(\"encoder.layer.*.<Dense>k__BackingField\", -1, -1),",
            "targets.Add($\"encoder.layer.{i}.self.query\", self.query);",
            "targets.Add($\"encoder.layer.{i}.<Dense>k__BackingField\", item.Dense);",
            "typeof(global::Library.BertSelfAttention))]",
            "public global::AdaLoRA.Gen.Adapter Dense =>",
        })
            Assert.Contains(line, text, StringComparison.Ordinal);
        Assert.DoesNotContain("UnsafeAccessor", text, StringComparison.Ordinal);
    }

    [Fact]
    public Task Wrong_name_in_a_library_that_shows_its_modules() => AnalyzerRun.VerifyIn([Bert], Model("\"*.self.{{|ADALORA003:qury|},key}\""),
        "'*.self.qury' matches no adaptable layer of M: 'encoder.layer.*.self', which '*.self' matches, has no 'qury'; did you mean 'query'?");

    [Fact]
    public void It_stays_with_the_run_all_the_same_since_a_private_module_could_match()
    {
        string text = GeneratorRun.On(Compilations.Create(Model("\"*.self.{qury,key}\"")).AddReferences(Bert)).Model;
        Assert.Contains("\"*.self.qury\",", text, StringComparison.Ordinal);
        Assert.Contains("new(\"encoder.layer.*.self.key\", -1, -1),", text, StringComparison.Ordinal);
    }

    [Fact]
    public Task A_library_that_shows_none_is_left_to_the_run() => AnalyzerRun.VerifyIn([Bert], Model("\"{|ADALORA026:closed.inside|}\", \"{|ADALORA026:closed.?nside|}\"", "private readonly Library.Closed closed = new();"),
        "'closed.inside' may match a module below 'closed' that the compiler cannot see; it is resolved when adapters are attached",
        "'closed.?nside' may match a module below 'closed' that the compiler cannot see; it is resolved when adapters are attached");

    [Fact]
    public void Below_a_library_that_shows_none_patterns_are_residual()
    {
        string text = GeneratorRun.On(Compilations.Create(Model("\"closed.inside\", \"q\"", "private readonly Library.Closed closed = new(); private readonly Linear q = Linear(2, 2);")).AddReferences(Bert)).Model;
        Assert.Contains("\"closed.inside\",\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"q\",\n", text, StringComparison.Ordinal);
    }
}
