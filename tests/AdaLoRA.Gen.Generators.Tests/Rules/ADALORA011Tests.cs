using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Targets are named.</summary>
public sealed class ADALORA011Tests
{
    internal static RuleCase Case => new(SampleModels.Annotated("[{|ADALORA011:AdaLoRA(Budget = 2)|}]"), Message);

    private const string Message = "'M' names no targets; add at least one pattern, such as Targets = [\"*.query\"]";

    internal static FixCase[] Fixes => [new(new StateArgumentFix(), SampleModels.Annotated("[AdaLoRA(Budget = 2)]"), SampleModels.Annotated("[AdaLoRA(Budget = 2, Targets = [\"*.query\"])]"))];

    [Theory]
    [InlineData("LoRA(Targets = [], Rank = 2)", "LoRA(Targets = [\"*.query\"], Rank = 2)")]
    [InlineData("LoRA(Rank = 2, Targets = new string[0])", "LoRA(Rank = 2, Targets = [\"*.query\"])")]
    [InlineData("LoRA(Rank = 2, Targets = null!)", "LoRA(Rank = 2, Targets = [\"*.query\"])")]
    public Task Fix_fills_what_is_empty(string before, string after) => FixRun.Verify(new StateArgumentFix(), SampleModels.Annotated($"[{before}]"), SampleModels.Annotated($"[{after}]"));

    [Theory]
    [InlineData("private readonly Linear q = Linear(8, 8);", "q")]
    [InlineData("private readonly ModuleList<Linear> layers = new(Linear(8, 8), Linear(8, 8));", "layers.*")]
    [InlineData("private readonly Sequential net = Sequential(ReLU(), Linear(8, 8));", "net.1")]
    public Task The_pattern_is_one_of_this_model(string members, string pattern) => FixRun.Verify(new StateArgumentFix(),
        SampleModels.Annotated("[LoRA(Rank = 2)]", members), SampleModels.Annotated($"[LoRA(Rank = 2, Targets = [\"{pattern}\"])]", members));

    [Fact]
    public Task Model_without_such_a_layer() => AnalyzerRun.Verify(SampleModels.Annotated("[{|ADALORA011:LoRA(Rank = 2)|}]", "private readonly LayerNorm norm = LayerNorm(8);"), Message);

    [Theory]
    [InlineData("[AdaLoRA(Budget = 2, Targets = {|ADALORA011:[]|})]")]
    [InlineData("[{|ADALORA011:AdaLoRA(Budget = 2)|}]")]
    [InlineData("[{|ADALORA011:LoRA(Rank = 2)|}]")]
    public Task None(string attribute) => AnalyzerRun.Verify(SampleModels.Annotated(attribute), Message);
}
