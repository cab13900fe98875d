using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Regressions;

/// <summary>ADALORA021 once took a spectral norm and a projection of gradients, which are about the weight itself, for the layer's own product.</summary>
public sealed class WeightsOutsideForwardTests
{
    [Theory]
    [InlineData("public Tensor Spectral(Tensor u) { using var _ = no_grad(); var v = q.weight!.t().mv(u); return q.weight!.mv(v).norm(); }")]
    [InlineData("public Tensor Project(Tensor g) => g - q.weight!.t().matmul(q.weight!.matmul(g.t())).t();")]
    public Task Method_that_forward_does_not_name_is_fine(string method) =>
        AnalyzerRun.Verify(SampleModels.Annotated("[LoRA(Rank = 1, Targets = [\"q\"])]", "private readonly Linear q = Linear(8, 8); " + method));
}
