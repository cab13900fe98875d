using AdaLoRA.Gen.Generators.Reading;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Reading;

/// <summary>What is never registered, or may be null by then: the reader says so of the very layers that TorchSharp does not show.</summary>
public sealed class RegistrationOrderTests
{
    private static string Model(string body, string types = "", string head = "Module<Tensor, Tensor>") => types + "\n" + $$"""
        [LoRA(Rank = 1, Targets = ["*"])]
        public partial class M : {{head}}
        {
            private readonly Linear always = Linear(2, 2);
            {{body}}
            public override Tensor forward(Tensor x) => x;
        }
        """;

    private static string Base(string constructors) => "public abstract class Early : Module<Tensor, Tensor> { " + constructors + " }";

    public static TheoryData<string, string, string> Unregistered => new()
    {
        { "assigned after the call", Model("private readonly Linear late, inTime; public M() : base(\"m\") { inTime = Linear(2, 2); RegisterComponents(); late = Linear(2, 2); }"), "late" },
        { "after a method that registers", Model("private readonly Linear late; public M() : base(\"m\") { Init(); late = Linear(2, 2); } private void Init() { RegisterComponents(); }"), "late" },
        { "with a value before it", Model("private Linear kept = Linear(2, 2); public M() : base(\"m\") { RegisterComponents(); kept = Linear(2, 2); }"), "" },
        { "after a base that registers", Model("private readonly Linear late, given = Linear(2, 2); public M() : base(\"m\") { late = Linear(2, 2); RegisterComponents(); }", Base("protected Early(string name) : base(name) => RegisterComponents();"), "Early"), "late" },
        { "after a base whose other constructor registers", Model("private readonly Linear inTime; public M() : base(\"m\") { inTime = Linear(2, 2); RegisterComponents(); }", Base("protected Early() : base(\"x\") => RegisterComponents(); protected Early(string name) : base(name) { }"), "Early"), "" },
        { "after a base of a base, through primary constructors", Model("private readonly Linear late; public M() : base(\"m\") { late = Linear(2, 2); }", Base("protected Early(string name) : base(name) => RegisterComponents();") + " public abstract class Middle(string name) : Early(name);", "Middle"), "late" },
        { "no call at all", Model("public M() : base(\"m\") { }"), "always" },
        { "an item of a Sequential that never calls", Model("private readonly Sequential net = Sequential(new Lazy()); private readonly Lazy child = new(); public M() : base(\"m\") { RegisterComponents(); }", "public sealed class Lazy : Module<Tensor, Tensor> { private readonly Linear fc = Linear(2, 2); public Lazy() : base(\"lazy\") { } public override Tensor forward(Tensor x) => fc.call(x); }"), "net.0.fc" },
    };

    [Theory]
    [MemberData(nameof(Unregistered))]
    public void What_is_never_registered_is_known(string style, string source, string unregistered)
    {
        Assert.NotEmpty(style);
        var layers = Layers(source);
        Assert.Equal(unregistered, string.Join(" ", layers.Where(l => l.IsUnregistered).Select(l => l.Path)));
        var loaded = LoadedModel.From(source);
        Assert.Equal(loaded.RegisteredLayers.Order(StringComparer.Ordinal), layers.Where(l => !l.IsUnregistered).Select(l => l.Path).Order(StringComparer.Ordinal));
    }

    public static TheoryData<string, string> Optional => new()
    {
        { "private readonly Linear certain; public M() : base(\"m\") { certain = Linear(2, 2); RegisterComponents(); }", "" },
        { "private readonly Linear? given; public M(Linear? x = null) : base(\"m\") { given = x; RegisterComponents(); }", "given" },
        { "private readonly Linear given; public M(Linear? x = null) : base(\"m\") { given = x ?? Linear(2, 2); RegisterComponents(); }", "" },
        { "private readonly Linear? maybe; public M(bool b = false) : base(\"m\") { if (b) maybe = Linear(2, 2); RegisterComponents(); }", "maybe" },
        { "private readonly Linear? maybe; public M(bool b = false) : base(\"m\") { maybe = b ? Linear(2, 2) : null; RegisterComponents(); }", "maybe" },
        { "private Linear lazy = null!; public M() : base(\"m\") { RegisterComponents(); } public void Make() => lazy = Linear(2, 2);", "lazy" },
        { "private readonly Linear one; public M() : this(1) { } public M(int n) : base(\"m\") { one = Linear(n, 2); RegisterComponents(); }", "" },
        { "private readonly Linear? one; public M() : base(\"m\") { RegisterComponents(); } public M(int n) : base(\"m\") { one = Linear(n, 2); RegisterComponents(); }", "one" },
    };

    [Theory]
    [MemberData(nameof(Optional))]
    public void What_may_be_null_is_known(string body, string optional) =>
        Assert.Equal(optional, string.Join(" ", Layers(Model(body)).Where(l => l.IsOptional).Select(l => l.Path)));

    private static List<ModuleNode> Layers(string source)
    {
        var compilation = Compilations.Create(source);
        var type = compilation.GetTypeByMetadataName("M")!;
        return [.. new ModuleGraphReader(new ReadContext(compilation, type, CancellationToken.None)).Read(type).Descendants().Where(n => n.Kind == NodeKind.Adaptable)];
    }
}
