using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The budget (of LoRA: the rank) is at least 1.</summary>
public sealed class ADALORA006Tests
{
    internal static RuleCase Case => new(SampleModels.Annotated("""[AdaLoRA(Budget = {|ADALORA006:0|}, Targets = ["*.query"])]"""),
        "Budget of AdaLoRA is 0; set it to at least 1: it is the number of triplets kept over all targets");

    internal static FixCase[] Fixes => [new(new StateArgumentFix(), SampleModels.Annotated("""[AdaLoRA(Targets = ["*.query"])]"""), SampleModels.Annotated("""[AdaLoRA(Targets = ["*.query"], Budget = 4)]"""))];

    [Theory]
    [InlineData("""AdaLoRA(Budget = 0, Targets = ["*.query"])""", """AdaLoRA(Budget = 4, Targets = ["*.query"])""")]
    [InlineData("""AdaLoRA(InitialRank = 4, Targets = ["*.query"])""", """AdaLoRA(InitialRank = 4, Targets = ["*.query"], Budget = 2)""")]
    [InlineData("""AdaLoRA(BudgetUnit = BudgetUnit.Parameters, Targets = ["*.query"])""", """AdaLoRA(BudgetUnit = BudgetUnit.Parameters, Targets = ["*.query"], Budget = 68)""")]
    [InlineData("""LoRA(Targets = ["*.query"])""", """LoRA(Targets = ["*.query"], Rank = 8)""")]
    [InlineData("""LoRA(Rank = -1, Targets = ["*.{query,key}"])""", """LoRA(Rank = 4, Targets = ["*.{query,key}"])""")]
    [InlineData("AdaLoRA(\n    Targets = [\"*.query\"],\n    InitialRank = 4)", "AdaLoRA(\n    Targets = [\"*.query\"],\n    InitialRank = 4,\n    Budget = 2)")]
    [InlineData("AdaLoRA(\n    Targets = [\"*.query\"])", "AdaLoRA(\n    Targets = [\"*.query\"],\n    Budget = 4)")]
    public Task Fix_states_a_value_that_suits_the_targets(string before, string after) => FixRun.Verify(new StateArgumentFix(), SampleModels.Annotated($"[{before}]"), SampleModels.Annotated($"[{after}]"));

    [Fact]
    public Task No_fix_where_the_targets_are_not_seen() => FixRun.VerifyNone(new StateArgumentFix(),
        SampleModels.Annotated("""[AdaLoRA(Targets = ["*.query"])]""", "private readonly ModuleList<Block> blocks = new(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());"));

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
