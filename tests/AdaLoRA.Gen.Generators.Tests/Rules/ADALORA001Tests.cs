using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The annotated class and every type around it are partial.</summary>
public sealed class ADALORA001Tests
{
    internal static RuleCase Case => new("[AdaLoRA(Budget = 1, Targets = [\"q\"])] public sealed class {|ADALORA001:M|}" + Body,
        "'M' is not partial, so the adapters of 'M' cannot be wired into it; add 'partial'");

    internal static FixCase[] Fixes => [new(new MakePartialFix(), "[LoRA(Rank = 1, Targets = [\"q\"])] public class M" + Body, "[LoRA(Rank = 1, Targets = [\"q\"])] public partial class M" + Body)];

    private const string Body = """
         : Module<Tensor, Tensor>
        {
            private readonly Linear q = Linear(8, 8);
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => q.call(x);
        }

        """;

    [Fact]
    public Task Class_without_partial() => AnalyzerRun.Verify("""
        [AdaLoRA(Budget = 1, Targets = ["q"])]
        public sealed class {|ADALORA001:M|}
        """ + Body, "'M' is not partial, so the adapters of 'M' cannot be wired into it; add 'partial'");

    [Fact]
    public Task Containing_class_without_partial() => AnalyzerRun.Verify("""
        public static class {|ADALORA001:Outer|}
        {
        [AdaLoRA(Budget = 1, Targets = ["q"])]
        public sealed partial class M
        """ + Body + "}", "'Outer' is not partial, so the adapters of 'M' cannot be wired into it; add 'partial'");

    [Fact]
    public Task Partial_class_is_fine() => AnalyzerRun.Verify("""
        [AdaLoRA(Budget = 1, Targets = ["q"])]
        public sealed partial class M
        """ + Body);

    [Fact]
    public Task Fix_adds_partial_behind_the_other_modifiers() => FixRun.Verify(new MakePartialFix(), """
        [AdaLoRA(Budget = 1, Targets = ["q"])]
        public sealed class M
        """ + Body, """
        [AdaLoRA(Budget = 1, Targets = ["q"])]
        public sealed partial class M
        """ + Body);

    [Fact]
    public Task Fix_for_all_makes_both_partial() => FixRun.VerifyAll(new MakePartialFix(), """
        // a class around it
        class Outer
        {
            [LoRA(Rank = 1, Targets = ["q"])]
            private class M
        """ + Body + "}", """
        // a class around it
        partial class Outer
        {
            [LoRA(Rank = 1, Targets = ["q"])]
            private partial class M
        """ + Body + "}");
}
