using AdaLoRA.Gen.Generators.Reading;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Regressions;

/// <summary>A static method that makes an object may call RegisterComponents() of it: through a variable, not through <c>this</c>.</summary>
public sealed class RegisteredByFactoryTests
{
    private const string Source = """
        public sealed class Made : Module<Tensor, Tensor>
        {
            private readonly Linear fc;
            private Made(int n) : base("made") { fc = Linear(n, n); }
            public static Made Create(int n) { var made = new Made(n); made.RegisterComponents(); return made; }
            public override Tensor forward(Tensor x) => fc.call(x);
        }
        [LoRA(Rank = 1, Targets = ["*"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly Sequential net = Sequential(Made.Create(2));
            public M() : base("m") { RegisterComponents(); }
            public override Tensor forward(Tensor x) => net.call(x);
        }
        """;

    [Fact]
    public void Its_layers_are_registered()
    {
        var compilation = Compilations.Create(Source);
        var graph = new ModuleGraphReader(new ReadContext(compilation, compilation.GetTypeByMetadataName("M")!, CancellationToken.None)).Read(compilation.GetTypeByMetadataName("M")!);
        var layers = graph.Descendants().Where(n => n.Kind == NodeKind.Adaptable).ToList();
        Assert.Equal(LoadedModel.From(Source).RegisteredLayers, layers.Where(l => !l.IsUnregistered).Select(l => l.Path));
        Assert.Equal("net.0.fc", Assert.Single(layers).Path);
    }
}
