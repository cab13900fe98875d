using AdaLoRA.Gen.Generators.Tests.Harness;
using static AdaLoRA.Gen.Generators.Tests.Harness.RegistrationModels;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A target stays the layer it was constructed as.</summary>
public sealed class ADALORA022Tests
{
    private static string Says(string member) => $"'{member}' gets a new layer after construction, but TorchSharp and the adapters keep the old one; assign it in the constructor, before RegisterComponents()";

    private const string Layers = "private Linear headq = Linear(2, 2); public readonly ModuleList<Linear> listq = new(Linear(2, 2)); private Block block = new(); private Linear free = Linear(2, 2);";

    private static string With(string method, string constructor = "public M() : base(\"m\") { RegisterComponents(); }") =>
        Block("private readonly Linear q = Linear(8, 8);") + Model(Layers + " " + method, constructor).Replace("\"*q\"", "\"headq\", \"listq.*\", \"block.q\"", StringComparison.Ordinal);

    internal static RuleCase Case => new(With("public void Reset() { {|ADALORA022:headq|} = Linear(3, 3); }"), Says("headq"));

    [Theory]
    [InlineData("public void Reset(int n) => {|ADALORA022:headq|} = Linear(n, n);", "headq")]
    [InlineData("public void Reset(int n) { if (n > 3) {|ADALORA022:this.headq|} = Linear(n, n).to(CPU); }", "headq")]
    [InlineData("public void Reset() => {|ADALORA022:block|} = new Block();", "block")]
    [InlineData("public void Reset() => {|ADALORA022:listq[0]|} = Linear(3, 3);", "listq")]
    [InlineData("public static void Reset(M m) => {|ADALORA022:m.headq|} = Linear(3, 3);", "headq")]
    [InlineData("public void Reset() { Action run = () => {|ADALORA022:headq|} = Linear(3, 3); run(); }", "headq")]
    [InlineData("public int Width { set { {|ADALORA022:headq|} = Linear(value, value); } }", "headq")]
    public Task Assigned_in_a_method(string method, string member) => AnalyzerRun.Verify(With(method), Says(member));

    /// <summary>What runs in forward is never construction, even where a parent registers the class.</summary>
    [Fact]
    public Task Assigned_in_forward() => AnalyzerRun.Verify("""
        public sealed class Block : Module<Tensor, Tensor>
        {
            private Linear? q;
            public Block() : base("block") { }
            public override Tensor forward(Tensor x) { {|ADALORA022:q|} ??= Linear(8, 8); return q.call(x); }
        }

        """ + Model("private readonly Block block = new();"), Says("q"));

    [Theory]
    [InlineData("public void Reset(int n) => free = Linear(n, n);")]
    [InlineData("public void Move() => headq = (Linear)headq.to(CPU);")]
    [InlineData("public void Take(Linear other) => headq = other;")]
    [InlineData("public void Clear() { headq = null!; }")]
    [InlineData("public void Init() { headq = Linear(3, 3); RegisterComponents(); }")]
    [InlineData("public void Swap() { headq = Linear(3, 3); register_module(\"x\", headq); }")]
    [InlineData("public void Local() { var headq = Linear(3, 3); headq = Linear(2, 2); }")]
    public Task Fine(string method) => AnalyzerRun.Verify(With(method));

    [Theory]
    [InlineData("private void Build() { headq = Linear(3, 3); }", "public M() : base(\"m\") { Build(); RegisterComponents(); }")]
    [InlineData("private void Build() { Deeper(); } private void Deeper() => headq = Linear(3, 3);", "public M() : base(\"m\") { this.Build(); RegisterComponents(); }")]
    [InlineData("protected virtual void Build() => headq = Linear(3, 3);", "public M() : base(\"m\") { Build(); RegisterComponents(); }")]
    [InlineData("private Linear Head => headq ??= Linear(3, 3);", "public M() : base(\"m\") { Head.eval(); RegisterComponents(); }")]
    [InlineData("private int Width { set { headq = Linear(value, value); } }", "public M() : base(\"m\") { Width = 3; RegisterComponents(); }")]
    public Task Method_that_the_constructor_calls_is_fine(string method, string constructor) => AnalyzerRun.Verify(With(method, constructor));

    [Fact]
    public Task Class_that_waits_for_its_parent_is_fine() => AnalyzerRun.Verify(
        Block("private Linear q = Linear(8, 8); public void Widen() => q = Linear(16, 16);", "public Block() : base(\"block\") { }")
        + Model("private readonly Block block = new();", "public M() : base(\"m\") { block.Widen(); RegisterComponents(); }"));

    [Fact]
    public Task Constructor_of_the_parent_is_fine() => AnalyzerRun.Verify(
        Block("internal Linear q = Linear(8, 8);", "public Block() : base(\"block\") { }") + Model("private readonly Block block = new();", "public M() : base(\"m\") { block.q = Linear(16, 16); RegisterComponents(); }"));

    [Fact]
    public Task Pragma_is_honoured() => AnalyzerRun.Verify("#pragma warning disable ADALORA022\n" + With("public void Reset(int n) => headq = Linear(n, n);"));
}
