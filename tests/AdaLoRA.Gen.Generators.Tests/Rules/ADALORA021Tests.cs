using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A target's weight is not multiplied in the place of the target.</summary>
public sealed class ADALORA021Tests
{
    private static string Model(string body, string members = "", string contract = "") => $$"""
        [LoRA(Rank = 2, Targets = ["q", "items.*", "net.0", "wte", "conv", "turned", "bytes"])]
        public partial class M : Module<Tensor, Tensor>{{contract}}
        {
            private readonly Linear q = Linear(8, 8), other = Linear(8, 8);
            private readonly ModuleList<Linear> items = new(Linear(8, 8), Linear(8, 8));
            private readonly Sequential net = Sequential(Linear(8, 8), ReLU());
            private readonly Embedding wte = Embedding(8, 8);
            private readonly Conv2d conv = Conv2d(8, 8, 3);
            private readonly TransposedLinear turned = new(8, 8);
            private readonly QuantizableLinear bytes = new(8, 8);
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => {{body}};
            {{members}}
        }
        """;

    private static string Message(string name, string? member = null) =>
        $"'{name}.weight' is multiplied without the adapter of '{member ?? name}'; use '{name}.call', or name the parameter in ITiedWeights where this second use is meant";

    internal static RuleCase Case => new(Model("functional.linear(x, {|ADALORA021:q.weight|}, q.bias)"), Message("q"));

    internal static FixCase[] Fixes =>
    [
        new(new CallInsteadOfWeightFix(), Model("functional.linear(x, q.weight, q.bias)"), Model("q.call(x)")),
        new(new CallInsteadOfWeightFix(), Model("functional.linear(x, bytes.weight, bytes.bias)"), Model("bytes.call(x)")),
    ];

    [Theory]
    [InlineData("functional.linear(x, {|ADALORA021:q.weight|}, q.bias)", "q")]
    [InlineData("functional.linear(weights: {|ADALORA021:this.q.weight|}, input: other.call(x))", "q")]
    [InlineData("functional.linear(x, {|ADALORA021:q.weight|}!.detach().to(float32))", "q")]
    [InlineData("x.matmul({|ADALORA021:q.weight|}.t())", "q")]
    [InlineData("x.mm({|ADALORA021:q.weight|}.T)", "q")]
    [InlineData("matmul(x, {|ADALORA021:turned.weight|})", "turned")]
    [InlineData("matmul({|ADALORA021:q.weight|}, x.t()).t()", "q")]
    [InlineData("addmm(x, x, {|ADALORA021:turned.weight|}, 1, 1)", "turned")]
    [InlineData("einsum(\"bi,oi->bo\", x, {|ADALORA021:q.weight|})", "q")]
    [InlineData("functional.conv2d(x, {|ADALORA021:conv.weight|}, conv.bias)", "conv")]
    [InlineData("{|ADALORA021:wte.weight|}![x]", "wte")]
    [InlineData("{|ADALORA021:wte.weight|}!.index_select(0, x)", "wte")]
    [InlineData("functional.linear(x, {|ADALORA021:wte.weight|}!)", "wte")]
    [InlineData("functional.linear(x, {|ADALORA021:bytes.weight|}, bytes.bias)", "bytes")]
    [InlineData("functional.linear(x, {|ADALORA021:items[1].weight|})", "items")]
    [InlineData("functional.linear(x, {|ADALORA021:((Linear)net[0]).weight|})", "net")]
    public Task Products(string body, string member) => AnalyzerRun.Verify(Model(body), Message(member));

    [Fact]
    public Task Through_locals() => AnalyzerRun.Verify(
        Model("Body(x)", """
            private Tensor Body(Tensor x)
            {
                var layer = q;
                var w = {|ADALORA021:layer.weight|};
                var h = x + 1;
                foreach (var l in items) h = functional.linear(h, {|ADALORA021:l.weight|});
                return functional.linear(h, w.t());
            }
            """), Message("layer", "q"), Message("l", "items"));

    [Fact]
    public Task Nested() => AnalyzerRun.Verify(Model("functional.linear(functional.linear(x, {|ADALORA021:items[0].weight|}), {|ADALORA021:q.weight|})"), Message("items"), Message("q"));

    [Fact]
    public Task In_another_class_than_the_annotated_one() => AnalyzerRun.Verify("""
        public sealed class Block : Module<Tensor, Tensor>
        {
            internal readonly Linear q = Linear(8, 8);
            public Block() : base("b") => RegisterComponents();
            public override Tensor forward(Tensor x) => functional.linear(x, {|ADALORA021:q.weight|}, q.bias);
        }

        [LoRA(Rank = 2, Targets = ["block.q"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly Block block = new();
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x.matmul({|ADALORA021:block.q.weight|});
        }
        """, Message("q"), Message("q"));

    [Theory]
    [InlineData("functional.linear(x, other.weight, other.bias)")]
    [InlineData("q.call(x.to(q.weight.dtype))")]
    [InlineData("q.call(x.view(-1, q.weight.shape[1]).to(q.weight.device))")]
    [InlineData("q.call(x) + q.weight.matmul(q.weight.t()).sum()")]
    [InlineData("q.call(x) + 0.1 * q.weight.pow(2).sum()")]
    [InlineData("functional.linear(x, other.weight, q.bias)")]
    [InlineData("q.weight.requires_grad ? q.call(x) : other.call(x)")]
    [InlineData("q.call(x) * q.weight.norm()")]
    [InlineData("functional.layer_norm(q.call(x), q.weight.shape)")]
    [InlineData("q.call(x).add(q.weight[0])")]
    [InlineData("q.weight.addmm(x, x, 1, 1)")]
    [InlineData("addmm(q.weight, x, x, 1, 1)")]
    public Task Reads_that_bypass_nothing(string body) => AnalyzerRun.Verify(Model(body));

    [Fact]
    public Task Preparing_saving_and_sharing() => AnalyzerRun.Verify("""
        [AdaLoRA(Budget = 2, Targets = ["q", "k"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly Linear q = Linear(8, 8), k = Linear(8, 8), head = Linear(8, 8);
            public M(Tensor basis) : base("m")
            {
                init.normal_(q.weight, 0, 0.02);
                using (no_grad()) k.weight.copy_(basis.matmul(q.weight));
                head.weight = q.weight;
                RegisterComponents();
            }

            public override Tensor forward(Tensor x) => k.call(q.call(x));
            public IEnumerable<Tensor> Weights => [q.weight, k.weight];
            public void Rotate(Tensor basis) { using (no_grad()) q.weight.copy_(q.weight.matmul(basis)); }
            public Tensor Penalty(double strength) => q.weight.mm(k.weight).norm() * strength;
            public Tensor Distance(Linear other) => q.weight.mm(other.weight);
            public void Save(string path) => q.weight.save(path);
        }
        """);

    [Fact]
    public Task Outside_of_a_module_it_is_measured_not_run() => AnalyzerRun.Verify(Model("q.call(x)", "internal Linear Q => q;") + """

        public static class Probe
        {
            public static Tensor Base(M model, Tensor x) => functional.linear(x, model.Q.weight, model.Q.bias);
        }
        """);

    [Theory]
    [InlineData("[\"wte.weight\"]")]
    [InlineData("[nameof(wte) + \".weight\"]")]
    [InlineData("named_parameters().Select(p => p.name)")]
    public Task Declared_ties(string ties) => AnalyzerRun.Verify(
        Model("functional.linear(wte.call(x), wte.weight!)", $"IEnumerable<string> ITiedWeights.TiedParameters => {ties};", ", ITiedWeights"));

    [Fact]
    public Task A_tie_of_another_weight_excuses_nothing() => AnalyzerRun.Verify(
        Model("functional.linear(x, {|ADALORA021:q.weight|})", "IEnumerable<string> ITiedWeights.TiedParameters => [\"wte.weight\"];", ", ITiedWeights"), Message("q"));

    [Fact]
    public Task Ties_declared_by_a_part_of_the_model() => AnalyzerRun.Verify("""
        public sealed class Body : Module<Tensor, Tensor>, ITiedWeights
        {
            internal readonly Embedding wte = Embedding(8, 8);
            public Body() : base("b") => RegisterComponents();
            IEnumerable<string> ITiedWeights.TiedParameters => ["wte.weight"];
            public override Tensor forward(Tensor x) => functional.linear(wte.call(x), wte.weight!);
        }

        [LoRA(Rank = 2, Targets = ["body.wte"])]
        public partial class M : Module<Tensor, Tensor>
        {
            private readonly Body body = new();
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => body.call(x);
        }
        """);

    [Fact]
    public Task Fix_calls() => FixRun.Verify(new CallInsteadOfWeightFix(), Model("functional.linear(x, this.q.weight!, this.q.bias)"), Model("this.q.call(x)"));

    [Fact]
    public Task Fix_for_all() => FixRun.VerifyAll(new CallInsteadOfWeightFix(),
        Model("functional.linear(functional.linear(x + 1, items[0].weight, items[0].bias), q.weight, q.bias)"), Model("q.call(items[0].call(x + 1))"));

    [Theory]
    [InlineData("functional.linear(x, q.weight)")]
    [InlineData("functional.linear(x, q.weight, other.bias)")]
    [InlineData("functional.linear(x, q.weight.t(), q.bias)")]
    [InlineData("functional.linear(x, turned.weight, turned.bias)")]
    [InlineData("functional.linear(weights: q.weight, input: x, bias: q.bias)")]
    [InlineData("functional.conv2d(x, conv.weight, conv.bias)")]
    public Task No_fix_where_the_two_may_differ(string body) => FixRun.VerifyNone(new CallInsteadOfWeightFix(), Model(body));
}
