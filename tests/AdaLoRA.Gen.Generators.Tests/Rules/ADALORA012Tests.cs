using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A rank limit is a pattern that matches a target, and a range.</summary>
public sealed class ADALORA012Tests
{
    internal static RuleCase Case => new(Limits("""["*.query:{|ADALORA012:4..1|}"]"""), "'*.query:4..1' in RankLimits has its maximum below its minimum; write '1..4'");

    internal static FixCase[] Fixes => [new(new CorrectRankLimitFix(), Limits("""["*.qury: 1..", "*.query: 4..1"]"""), Limits("""["*.query: 1..", "*.query: 1..4"]"""))];

    private const string Form = "write a pattern and a range, such as \"*.query: 1..4\", \"*.value: 2..\" or \"head: ..3\"";

    private static string Limits(string list, string targets = """["*.query"]""", string rest = "") => SampleModels.Annotated($"[AdaLoRA(Budget = 6, {rest}Targets = {targets}, RankLimits = {list})]");

    [Theory]
    [InlineData("""["{|ADALORA012:*.query|}"]""", $"'*.query' in RankLimits is not of the form 'pattern: min..max'; {Form}")]
    [InlineData("""["{|ADALORA012::1..4|}"]""", $"':1..4' in RankLimits is not of the form 'pattern: min..max'; {Form}")]
    [InlineData("""[{|ADALORA012:""|}]""", $"'' in RankLimits is not of the form 'pattern: min..max'; {Form}")]
    [InlineData("""["{|ADALORA012:*.query: |}"]""", $"'*.query: ' in RankLimits has no range; {Form}")]
    [InlineData("""["*.query: {|ADALORA012:..|}"]""", $"'*.query: ..' in RankLimits has a range that cannot be read, '..'; {Form}")]
    [InlineData("""["*.query: {|ADALORA012:-1..4|}"]""", $"'*.query: -1..4' in RankLimits has a range that cannot be read, '-1..4'; {Form}")]
    [InlineData("""["*.query: {|ADALORA012:1..4294967296|} "]""", $"'*.query: 1..4294967296 ' in RankLimits has a range that cannot be read, '1..4294967296'; {Form}")]
    [InlineData("""["*.query: {|ADALORA012:2|}"]""", "'*.query: 2' in RankLimits has no '..' in its range; write '2..' for at least 2, '..2' for at most 2")]
    [InlineData("""["*.query: {|ADALORA012:1 .. 4|}"]""", "'*.query: 1 .. 4' in RankLimits has spaces in its range; write '1..4'")]
    [InlineData("""["*.query:{|ADALORA012:4..1|}"]""", "'*.query:4..1' in RankLimits has its maximum below its minimum; write '1..4'")]
    [InlineData("""["{|ADALORA012:*.{query|}: 1.."]""", "'*.{query: 1..' in RankLimits has a pattern that cannot be read: it opens a brace that it never closes; add the '}'")]
    [InlineData("""["{|ADALORA012: : 1..|}"]""", $"' : 1..' in RankLimits has no pattern; {Form}")]
    public Task Entry_that_cannot_be_read(string list, string message) => AnalyzerRun.Verify(Limits(list), message);

    [Theory]
    [InlineData("""["*.{|ADALORA012:qury|}: 1..2"]""", "'*.qury: 1..2' in RankLimits matches no target of M: no module has a 'qury'; did you mean 'query'?")]
    [InlineData("""["{|ADALORA012:head|}: ..2", "*.query: 1.."]""", "'head: ..2' in RankLimits matches no target of M: the model has no 'head'; choose from 'blocks'")]
    [InlineData("""["  {|ADALORA012:blcks|}.0.query: 1..2"]""", "'  blcks.0.query: 1..2' in RankLimits matches no target of M: the model has no 'blcks'; did you mean 'blocks'?")]
    [InlineData("""["{|ADALORA012:*.key|}: 1..2"]""", "'*.key: 1..2' in RankLimits matches no target of M: no pattern of Targets matches what it names; add one, or remove the limit")]
    [InlineData("""["blocks.{|ADALORA012:7|}.query: 1.."]""", "'blocks.7.query: 1..' in RankLimits matches no target of M: 'blocks' has 2 items; the last index is 1")]
    [InlineData("""["{|ADALORA012:blocks|}: 1.."]""", "'blocks: 1..' in RankLimits matches no target of M: it names a block, not a layer; write 'blocks.*' for the layers in it")]
    public Task Pattern_that_matches_no_target(string list, string message) => AnalyzerRun.Verify(Limits(list), message);

    /// <summary>As of Targets, each alternative has to match something.</summary>
    [Theory]
    [InlineData("""["*.{query,{|ADALORA012:qury|}}: 1..2"]""", "'*.{query,qury}: 1..2' in RankLimits matches no target of M: no module has a 'qury'; did you mean 'query'?")]
    [InlineData("""["blocks.{{|ADALORA012:0..2|}}.query: 1..2"]""", "'blocks.{0..2}.query: 1..2' in RankLimits matches no target of M: 'blocks' has 2 items; the last index is 1")]
    [InlineData("""["*.{query,{|ADALORA012:key|}}: 1..2"]""", "'*.{query,key}: 1..2' in RankLimits matches no target of M: no pattern of Targets matches '*.key'; add one, or remove it")]
    public Task Alternative_that_matches_no_target(string list, string message) => AnalyzerRun.Verify(Limits(list), message);

    [Fact]
    public Task Item_that_is_no_target() => AnalyzerRun.Verify(Limits("""["blocks.0.query: 1..", "{|ADALORA012:blocks.1.query|}: 1.."]""", """["blocks.0.query"]"""),
        "'blocks.1.query: 1..' in RankLimits matches no target of M: no pattern of Targets matches what it names; add one, or remove the limit");

    [Fact]
    public Task Item_of_a_list_of_unknown_length() => AnalyzerRun.Verify(SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["blocks.*.query"], RankLimits = ["blocks.7.query: 1..2", "blocks.{|ADALORA012:x|}.query: 1.."])]""",
        "private readonly ModuleList<Block> blocks = new(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());"),
        "'blocks.x.query: 1..' in RankLimits matches no target of M: 'blocks' has no 'x'; remove it");

    [Theory]
    [InlineData("""["*.query: 1..4", " blocks.0.query :  2..2 "]""")]
    [InlineData("""["blocks.{0..1}.query:2.."]""")]
    [InlineData("""["blocks.{0,1}.{query,qu*}: ..3"]""")]
    [InlineData("""new[] { "*.query: 1..4" }""")]
    [InlineData("[]")]
    public Task Fine(string list) => AnalyzerRun.Verify(Limits(list));

    [Fact]
    public Task Only_the_target_is_reported_where_it_is_wrong_in_both_places() =>
        AnalyzerRun.Verify(Limits("""["*.qury: 1..2"]""", """["*.{|ADALORA003:qury|}"]"""), "'*.qury' matches no adaptable layer of M: no module has a 'qury'; did you mean 'query'?");

    [Fact]
    public Task Nothing_is_said_of_targets_that_only_the_run_sees() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{|ADALORA026:backbone.*|}"], RankLimits = ["backbone.q: 1..2", "*.anything: ..3"])]""", "private readonly Module<Tensor, Tensor> backbone = Make(); static Module<Tensor, Tensor> Make() => ReLU();"),
        "'backbone.*' may match a module below 'backbone' that the compiler cannot see; it is resolved when adapters are attached");

    [Fact]
    public Task Plain_LoRA_has_no_limits() => AnalyzerRun.Verify(Limits("""{|ADALORA019:["nonsense"]|}""", rest: "Method = AdapterMethod.LoRA, "),
        "RankLimits has no effect with plain LoRA, which allocates nothing; remove it");

    [Theory]
    [InlineData("*.qury: 1..2", "*.query: 1..2")]
    [InlineData("*.query: 2..1", "*.query: 1..2")]
    [InlineData("*.query: 1 ..", "*.query: 1..")]
    [InlineData("blocks: 1..2", "blocks.*: 1..2")]
    [InlineData("blocks.*.{query,qury}: 1..2", "blocks.*.{query,query}: 1..2")]
    public Task Fix_corrects_it(string entry, string corrected) => FixRun.Verify(new CorrectRankLimitFix(), Limits($"[\"{entry}\"]"), Limits($"[\"{corrected}\"]"));

    [Fact]
    public Task Fix_for_all() => FixRun.VerifyAll(new CorrectRankLimitFix(), Limits("""["*.qury: 2..", "*.query: 4..1"]"""), Limits("""["*.query: 2..", "*.query: 1..4"]"""));

    [Fact]
    public Task No_fix_where_two_things_could_be_meant() => FixRun.VerifyNone(new CorrectRankLimitFix(), Limits("""["*.query: 2"]"""));
}
