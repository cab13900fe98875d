using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A target is a layer that can carry an adapter.</summary>
public sealed class ADALORA004Tests
{
    [Fact]
    public Task Convolution_by_name() => AnalyzerRun.Verify(SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{|ADALORA004:blocks.*.conv|}"])]"""),
        "'blocks.*.conv' matches 'blocks.*.conv', a Conv1d: only Linear layers carry adapters; target a Linear, or build the block from Linear layers");

    [Fact]
    public Task Native_attention_as_an_alternative() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{{|ADALORA004:attention|},q}"])]""", "private readonly MultiheadAttention attention = MultiheadAttention(8, 2); private readonly Linear q = Linear(8, 8);"),
        "'attention' matches 'attention', a MultiheadAttention: only Linear layers carry adapters; target a Linear, or build the block from Linear layers");

    [Fact]
    public Task A_star_may_pass_over_it() => AnalyzerRun.Verify(SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["blocks.*"])]"""));
}
