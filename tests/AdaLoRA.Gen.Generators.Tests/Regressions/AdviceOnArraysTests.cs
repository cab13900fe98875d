using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Regressions;

/// <summary>A pattern that names an array of layers was once told to go, not that TorchSharp registers nothing of an array.</summary>
public sealed class AdviceOnArraysTests
{
    [Fact]
    public Task Array_is_named_and_its_remedy() => AnalyzerRun.Verify(
        SampleModels.Annotated("[LoRA(Rank = 1, Targets = [\"{|ADALORA003:blocks|}.*\"])]", "private readonly Linear[] {|ADALORA023:blocks|} = [Linear(8, 8)];"),
        "'blocks.*' matches no adaptable layer of M: 'blocks' is of type Linear[], of which TorchSharp registers nothing; make it a ModuleList<Linear>",
        "TorchSharp registers nothing of 'blocks', which is of type Linear[], so its modules are not adapted, moved or saved; make it a ModuleList<Linear>");
}
