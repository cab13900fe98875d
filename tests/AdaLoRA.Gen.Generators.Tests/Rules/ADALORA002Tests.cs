using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The annotated class is a <c>torch.nn.Module</c>.</summary>
public sealed class ADALORA002Tests
{
    internal static RuleCase Case => new("[AdaLoRA(Budget = 1, Targets = [\"q\"])] public partial class {|ADALORA002:M|} { }",
        "'M' does not derive from torch.nn.Module, so it has no layers to adapt; derive it from Module<Tensor, Tensor> or remove [AdaLoRA]");

    [Fact]
    public Task Class_that_is_no_module() => AnalyzerRun.Verify("""
        [AdaLoRA(Budget = 1, Targets = ["q"])]
        public partial class {|ADALORA002:M|} { }
        """, "'M' does not derive from torch.nn.Module, so it has no layers to adapt; derive it from Module<Tensor, Tensor> or remove [AdaLoRA]");

    [Fact]
    public Task Only_this_is_said_where_it_is_not_partial_either() => AnalyzerRun.Verify("""
        [LoRA(Rank = 1, Targets = ["q"])]
        public class {|ADALORA002:M|} { }
        """, "'M' does not derive from torch.nn.Module, so it has no layers to adapt; derive it from Module<Tensor, Tensor> or remove [LoRA]");
}
