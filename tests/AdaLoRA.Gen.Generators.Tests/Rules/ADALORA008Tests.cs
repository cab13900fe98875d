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

    private static string Message(string member) => $"'{member}.forward' bypasses the adapter of '{member}'; use '{member}.call'";

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
    public Task Fix_for_all() => FixRun.VerifyAll(new CallInsteadOfForwardFix(), Model("q.forward(items[1].forward(x))"), Model("q.call(items[1].call(x))"));
}
