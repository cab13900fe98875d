using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Targets are named.</summary>
public sealed class ADALORA011Tests
{
    internal static RuleCase Case => new(SampleModels.Annotated("[{|ADALORA011:AdaLoRA(Budget = 2)|}]"), Message);

    private const string Message = "'M' names no targets; add at least one pattern, such as Targets = [\"*.query\"]";

    [Theory]
    [InlineData("[AdaLoRA(Budget = 2, Targets = {|ADALORA011:[]|})]")]
    [InlineData("[{|ADALORA011:AdaLoRA(Budget = 2)|}]")]
    [InlineData("[{|ADALORA011:LoRA(Rank = 2)|}]")]
    public Task None(string attribute) => AnalyzerRun.Verify(SampleModels.Annotated(attribute), Message);
}
