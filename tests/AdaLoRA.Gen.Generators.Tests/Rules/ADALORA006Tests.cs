using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The budget (of LoRA: the rank) is at least 1.</summary>
public sealed class ADALORA006Tests
{
    internal static RuleCase Case => new(SampleModels.Annotated("""[AdaLoRA(Budget = {|ADALORA006:0|}, Targets = ["*.query"])]"""),
        "Budget of AdaLoRA is 0; set it to at least 1: it is the number of triplets kept over all targets");

    [Theory]
    [InlineData("""AdaLoRA(Budget = {|ADALORA006:0|}, Targets = ["*.query"])""", "Budget of AdaLoRA is 0; set it to at least 1: it is the number of triplets kept over all targets")]
    [InlineData("""AdaLoRA(Budget = {|ADALORA006:-3|}, Targets = ["*.query"])""", "Budget of AdaLoRA is -3; set it to at least 1: it is the number of triplets kept over all targets")]
    [InlineData("""{|ADALORA006:AdaLoRA(Targets = ["*.query"])|}""", "Budget of AdaLoRA is missing; set it to at least 1: it is the number of triplets kept over all targets")]
    [InlineData("""AdaLoRA(Budget = {|ADALORA006:0|}, BudgetUnit = BudgetUnit.Parameters, Targets = ["*.query"])""", "Budget of AdaLoRA is 0; set it to at least 1: it is the number of parameters kept over all targets")]
    [InlineData("""{|ADALORA006:LoRA(Targets = ["*.query"])|}""", "Rank of LoRA is missing; set it to at least 1: every target starts and ends with it")]
    [InlineData("""LoRA(Rank = {|ADALORA006:0|}, Targets = ["*.query"])""", "Rank of LoRA is 0; set it to at least 1: every target starts and ends with it")]
    [InlineData("""{|ADALORA006:AdaLoRA(Method = AdapterMethod.LoRA, Targets = ["*.query"])|}""", "Budget of LoRA is missing; set it to at least 1, or set InitialRank")]
    public Task Value_below_one(string attribute, string message) => AnalyzerRun.Verify(SampleModels.Annotated($"[{attribute}]"), message);

    [Fact]
    public Task Plain_LoRA_by_the_other_attribute_needs_only_a_rank() => AnalyzerRun.Verify(SampleModels.Annotated("""[AdaLoRA(Method = AdapterMethod.LoRA, InitialRank = 2, Targets = ["*.query"])]"""));
}
