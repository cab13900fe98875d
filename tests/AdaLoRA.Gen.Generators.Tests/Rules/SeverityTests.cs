using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A user decides how grave a rule is: by editorconfig, by pragma, by attribute. What is generated does not depend on it.</summary>
public sealed class SeverityTests
{
    public static TheoryData<string> Ids => DescriptorTests.Ids;

    /// <summary>Also of a rule that is off by default.</summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Editorconfig_sets_the_severity_of_every_rule(string id)
    {
        var rule = RuleTests.CaseOf(id);
        int marked = Markup.Parse(rule.Marked).Expected.Count(e => e.Id == id);
        var updated = Generated(rule);
        foreach (var (severity, expected) in new[] { ("error", DiagnosticSeverity.Error), ("warning", DiagnosticSeverity.Warning), ("suggestion", DiagnosticSeverity.Info) })
        {
            var found = (await EditorConfig.Diagnose($"[*.cs]\ndotnet_diagnostic.{id}.severity = {severity}", updated)).Where(d => d.Id == id).ToList();
            Assert.Equal(Enumerable.Repeat(expected, marked), found.Select(d => d.Severity));
        }
        Assert.DoesNotContain(await EditorConfig.Diagnose($"[*.cs]\ndotnet_diagnostic.{id}.severity = none", updated), d => d.Id == id);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Pragma_switches_every_rule_off(string id)
    {
        var rule = RuleTests.CaseOf(id);
        var expected = Markup.Parse(rule.Marked).Expected.OrderBy(e => e.Span.Start).ToList();
        await AnalyzerRun.Verify(rule with
        {
            Marked = $"#pragma warning disable {id}\n" + Markup.Without(id, rule.Marked),
            Messages = [.. rule.Messages.Where((_, i) => expected[i].Id != id)],
        });
    }

    [Fact]
    public async Task Editorconfig_of_one_file()
    {
        string source = SampleModels.Annotated("""[AdaLoRA(Budget = 8, InitialRank = 2, Targets = ["*.query", "*.key"])]""");
        var updated = GeneratorRun.On(source, "namespace Second;\n" + source).Updated;
        var found = await EditorConfig.Diagnose("[*.cs]\ndotnet_diagnostic.ADALORA009.severity = error\n[File1.cs]\ndotnet_diagnostic.ADALORA009.severity = none", updated);
        var only = Assert.Single(found, d => d.Id == "ADALORA009");
        Assert.Equal(("File0.cs", DiagnosticSeverity.Error), (only.Location.SourceTree!.FilePath, only.Severity));
    }

    [Fact]
    public async Task Editorconfig_of_the_category()
    {
        var updated = Generated(RuleTests.CaseOf("ADALORA009"));
        Assert.Equal(DiagnosticSeverity.Error, Assert.Single(await EditorConfig.Diagnose("[*.cs]\ndotnet_analyzer_diagnostic.category-AdaLoRA.severity = error", updated)).Severity);
        Assert.Empty(await EditorConfig.Diagnose("[*.cs]\ndotnet_analyzer_diagnostic.category-AdaLoRA.severity = none", updated));
    }

    [Theory]
    [InlineData("ADALORA009", """[AdaLoRA(Budget = 8, InitialRank = 2, Targets = ["*.query", "*.key"])]""")]
    [InlineData("ADALORA003", """[AdaLoRA(Budget = 8, Targets = ["*.query", "*.qury"])]""")]
    [InlineData("ADALORA014", """[AdaLoRA(Budget = 8, Beta1 = 2, Targets = ["*.query", "*.key"])]""")]
    public async Task SuppressMessage_on_the_class(string id, string attribute)
    {
        Assert.Equal(id, Assert.Single(await AnalyzerRun.Diagnose(GeneratorRun.On(SampleModels.Annotated(attribute)).Updated)).Id);
        string suppressed = $"[System.Diagnostics.CodeAnalysis.SuppressMessage(\"AdaLoRA\", \"{id}\", Justification = \"A test.\")]\n";
        await AnalyzerRun.Verify(SampleModels.Annotated(suppressed + attribute));
    }

    [Fact]
    public Task Pragma_ends_where_it_is_restored() => AnalyzerRun.Verify("#pragma warning disable ADALORA014\n"
        + SampleModels.Annotated("""
        [AdaLoRA(Budget = 2, Beta1 = 2,
        #pragma warning restore ADALORA014
            Beta2 = {|ADALORA014:2|}, Targets = ["*.query"])]
        """), "Beta2 is 2; it must lie between 0 and 1, both excluded");

    /// <summary>Who switches an error off gets a part that compiles, and an empty plan where a pattern is wrong: attaching says it again.</summary>
    [Theory]
    [InlineData("""[AdaLoRA(Budget = 8, Targets = ["*.query", "*.qury"])]""", true)]
    [InlineData("""[AdaLoRA(Budget = 8, Targets = ["blocks.0.norm"])]""", true)]
    [InlineData("""[AdaLoRA(Budget = 8)]""", true)]
    [InlineData("""[AdaLoRA(Budget = 0, Interval = 0, Beta1 = double.NaN, Score = (ImportanceScore)9, InitialRank = 99, RankLimits = ["nonsense", null!], Trainable = ["*"], Targets = ["*.query"])]""", false)]
    public void Generator_goes_on_where_an_error_is_switched_off(string attribute, bool isStub)
    {
        var run = GeneratorRun.On(SampleModels.Annotated(attribute) + """

            public static class Use
            {
                public static object View(M model) => model.AdaLoRA;
            }
            """);
        var plan = LoadedModel.PlanOf(run);
        Assert.Equal(isStub, plan.Slots.Length == 0);
        Assert.NotNull(StatedOptions.Of(run.Updated).Refusal());
    }

    /// <summary>With a rule on the class broken there is no part, and nothing else fails.</summary>
    [Theory]
    [InlineData("ADALORA001")]
    [InlineData("ADALORA002")]
    [InlineData("ADALORA010")]
    public void Nothing_is_generated_where_the_class_cannot_be_extended(string id) => Assert.Empty(GeneratorRun.On(Markup.Parse(RuleTests.CaseOf(id).Marked).Source).ModelSources);

    private static CSharpCompilation Generated(RuleCase rule) => GeneratorRun.On(Compilations.Create(Markup.Parse(rule.Marked).Source).AddReferences(rule.References)).Updated;
}
