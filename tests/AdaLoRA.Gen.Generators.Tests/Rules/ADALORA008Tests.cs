using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Targets are run through <c>call</c>.</summary>
public sealed class ADALORA008Tests
{
    internal static RuleCase Case => new(Model("q.{|ADALORA008:forward|}(x)"), Message("q"));

    internal static FixCase[] Fixes => [new(new CallInsteadOfForwardFix(), Model("q.forward(items[1].forward(x))"), Model("q.call(items[1].call(x))"))];

    private static string Model(string body, string members = "") => $$"""
        [AdaLoRA(Budget = 2, Targets = ["q", "items.*", "net.0"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly Linear q = Linear(8, 8), other = Linear(8, 8);
            private readonly ModuleList<Linear> items = new(Linear(8, 8), Linear(8, 8));
            private readonly Sequential net = Sequential(Linear(8, 8), ReLU());
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => {{body}};
            {{members}}
        }
        """;

    private static string Message(string name, string? member = null) => $"'{name}.forward' bypasses the adapter of '{member ?? name}'; use '{name}.call'";

    [Fact]
    public Task Invocation() => AnalyzerRun.Verify(Model("q.{|ADALORA008:forward|}(other.forward(x))"), Message("q"));

    [Fact]
    public Task Nested_invocations() => AnalyzerRun.Verify(Model("this.q.{|ADALORA008:forward|}(q.{|ADALORA008:forward|}(x))"), Message("q"), Message("q"));

    [Fact]
    public Task Method_group() => AnalyzerRun.Verify(Model("Apply(q.{|ADALORA008:forward|}, x)", "private static Tensor Apply(Func<Tensor, Tensor> f, Tensor x) => f(x);"), Message("q"));

    [Fact]
    public Task Conditional_access() => AnalyzerRun.Verify(Model("q?.{|ADALORA008:forward|}(x)!"), Message("q"));

    [Fact]
    public Task Item_of_a_list() => AnalyzerRun.Verify(Model("items[0].{|ADALORA008:forward|}(x)"), Message("items"));

    [Theory]
    [InlineData("items[^1].{|ADALORA008:forward|}(x)", "items")]
    [InlineData("((Linear)net[0]).{|ADALORA008:forward|}(x)", "net")]
    [InlineData("items.First().{|ADALORA008:forward|}(x)", "items")]
    [InlineData("((Module<Tensor, Tensor>)q).{|ADALORA008:forward|}(x)", "q")]
    [InlineData("(x.requires_grad ? q : other).{|ADALORA008:forward|}(x)", "q")]
    [InlineData("(q, other).Item1.{|ADALORA008:forward|}(x)", "q")]
    [InlineData("items.Aggregate(x, (h, l) => l.{|ADALORA008:forward|}(h))", "l", "items")]
    [InlineData("cat(items.Where(l => l.training).Select(l => l.{|ADALORA008:forward|}(x)).ToArray())", "l", "items")]
    [InlineData("cat(new[] { x }.Select(q.{|ADALORA008:forward|}).ToArray())", "q")]
    [InlineData("q is { } p ? p.{|ADALORA008:forward|}(x) : x", "p", "q")]
    public Task Forms_of_an_expression(string body, string name, string? member = null) => AnalyzerRun.Verify(Model(body), Message(name, member));

    [Theory]
    [InlineData("var p = q; x = p.{|ADALORA008:forward|}(x);", "p", "q")]
    [InlineData("var p = items[0]; var r = p; x = r.{|ADALORA008:forward|}(x);", "r", "items")]
    [InlineData("foreach (var l in items) x = l.{|ADALORA008:forward|}(x);", "l", "items")]
    [InlineData("foreach (var l in new[] { other, q }) x = l.{|ADALORA008:forward|}(x);", "l", "q")]
    [InlineData("foreach (var l in items.Skip(1)) x = l.{|ADALORA008:forward|}(x);", "l", "items")]
    [InlineData("foreach (var l in net.children()) if (l is Linear p) x = p.{|ADALORA008:forward|}(x);", "p", "net")]
    [InlineData("var (a, b) = (other, q); x = a.forward(b.{|ADALORA008:forward|}(x));", "b", "q")]
    [InlineData("var pair = (First: other, Second: q); x = pair.First.forward(pair.Second.{|ADALORA008:forward|}(x));", "q")]
    [InlineData("Func<Tensor, Tensor> f = q.{|ADALORA008:forward|}; x = f(x);", "q")]
    [InlineData("Tensor F(Tensor y) => q.{|ADALORA008:forward|}(y); x = F(x);", "q")]
    public Task Forms_of_a_local(string body, string name, string? member = null) =>
        AnalyzerRun.Verify(Model("Run(x)", $"private Tensor Run(Tensor x) {{ {body} return x; }}"), Message(name, member));

    [Theory]
    [InlineData("var p = q; p = other; x = p.forward(x);")]
    [InlineData("var p = q; Take(ref p); x = p.forward(x);")]
    [InlineData("foreach (var l in new[] { other }) x = l.forward(x);")]
    [InlineData("var pair = (other, q); x = pair.other.forward(x);")]
    [InlineData("Sequential s = net; x = s.forward(x);")]
    [InlineData("foreach (var l in items) x = l.call(x);")]
    [InlineData("x = items.Aggregate(other, (l, _) => l).forward(x);")]
    [InlineData("x = Run2(other, x); Tensor Run2(Linear q, Tensor y) => q.forward(y);")]
    public Task Nothing_is_said_where_another_layer_may_be_meant(string body) =>
        AnalyzerRun.Verify(Model("Run(x)", $"private Tensor Run(Tensor x) {{ {body} return x; }} private void Take(ref Linear l) => l = other;"));

    [Theory]
    [InlineData("ActivationCheckpoint.Run(h => q.{|ADALORA008:forward|}(h), x)")]
    [InlineData("ActivationCheckpoint.Run(q.{|ADALORA008:forward|}, x)")]
    [InlineData("ActivationCheckpoint.Run(t => t[0] + q.{|ADALORA008:forward|}(t[1]), [x, x])")]
    public Task In_the_body_of_a_checkpoint(string body) => AnalyzerRun.Verify(Model(body), Message("q"));

    [Theory]
    [InlineData("ActivationCheckpoint.Run(q.call, x)")]
    [InlineData("ActivationCheckpoint.Run(h => items[0].call(h), q.CallCheckpointed(x))")]
    [InlineData("ActivationCheckpoint.Run(t => t[0] + q.call(t[1]), [x, x])")]
    public Task Nothing_is_said_of_calls_in_the_body_of_a_checkpoint(string body) => AnalyzerRun.Verify(Model(body));

    [Fact]
    public Task A_sequential_calls_its_items_itself() => AnalyzerRun.Verify(Model("net.forward(q.call(x))"));

    [Fact]
    public Task In_another_class_than_the_annotated_one() => AnalyzerRun.Verify("""
        public sealed class Block : Module<Tensor, Tensor>
        {
            private readonly Linear q = Linear(8, 8);
            public Block() : base("b") => RegisterComponents();
            public override Tensor forward(Tensor x) => q.{|ADALORA008:forward|}(x);
        }

        [LoRA(Rank = 2, Targets = ["block.q"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly Block block = new();
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => block.call(x);
        }
        """, Message("q"));

    [Fact]
    public Task Captured_parameter_of_a_primary_constructor() => AnalyzerRun.Verify("""
        public sealed class Block(Linear {|ADALORA024:q|}) : Module<Tensor, Tensor>("b")
        {
            public override Tensor forward(Tensor x) => q.{|ADALORA008:forward|}(x);
        }

        [LoRA(Rank = 2, Targets = ["block.*q*"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly Block block = new(Linear(8, 8));
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => block.call(x);
        }
        """, "'q' is registered as '<q>P', which is its name in Targets and in saved weights, too; store it in a field", Message("q"));

    [Theory]
    [InlineData("TransposedLinear", "new(8, 8)")]
    [InlineData("QuantizableLinear", "new(8, 8)")]
    [InlineData("QuantizableEmbedding", "new(8, 8)")]
    [InlineData("Conv1d", "Conv1d(8, 8, 1)")]
    [InlineData("Conv2d", "Conv2d(8, 8, 1)")]
    [InlineData("Conv3d", "Conv3d(8, 8, 1)")]
    [InlineData("Embedding", "Embedding(8, 8)")]
    public Task Every_kind_of_layer(string type, string value) => AnalyzerRun.Verify($$"""
        [LoRA(Rank = 2, Targets = ["layer"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly {{type}} layer = {{value}}, other = {{value}};
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => layer.{|ADALORA008:forward|}(other.forward(x));
        }
        """, Message("layer"));

    [Fact]
    public Task Fix_calls() => FixRun.Verify(new CallInsteadOfForwardFix(), Model("q.forward(x)"), Model("q.call(x)"));

    [Fact]
    public Task Fix_calls_a_local() => FixRun.Verify(new CallInsteadOfForwardFix(), Model("items.Aggregate(x, (h, l) => l.forward(h))"), Model("items.Aggregate(x, (h, l) => l.call(h))"));

    [Fact]
    public Task Fix_for_all() => FixRun.VerifyAll(new CallInsteadOfForwardFix(), Model("q.forward(items[1].forward(x))"), Model("q.call(items[1].call(x))"));
}
