using System.Reflection;
using AdaLoRA.Gen.Generators.Tests.Harness;
using AdaLoRA.Gen.Testing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Every rule has all that belongs to a rule.</summary>
public sealed class DescriptorTests
{
    public static TheoryData<string> Ids => [.. RuleTests.Descriptors.Select(d => d.Id)];

    [Fact]
    public void Ids_are_unique() => Assert.Equal(RuleTests.Descriptors.Length, RuleTests.Descriptors.Select(d => d.Id).Distinct().Count());

    [Theory]
    [MemberData(nameof(Ids))]
    public void Rule_is_complete(string id)
    {
        var rule = RuleTests.Descriptor(id);
        Assert.EndsWith($"generators/rules/{id}.md", rule.HelpLinkUri, StringComparison.Ordinal);
        string page = File.ReadAllText(RepositoryRoot.Combine("generators", "rules", id + ".md"));
        Assert.StartsWith($"# {id}: {rule.Title.ToString(System.Globalization.CultureInfo.InvariantCulture)}\n", page, StringComparison.Ordinal);
        foreach (string heading in new[] { "## Cause", "## Bad", "## Good", "## Fix" }) Assert.Contains(heading, page, StringComparison.Ordinal);
        Assert.Contains($"Severity: {rule.DefaultSeverity switch { DiagnosticSeverity.Error => "error", DiagnosticSeverity.Warning => "warning", _ => "information" }}.", page, StringComparison.Ordinal);
        Assert.NotEmpty(rule.Description.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Contains(id, AnalyzerRun.Analyzers.SelectMany(a => a.SupportedDiagnostics).Select(d => d.Id));
        Assert.True(File.Exists(RepositoryRoot.Combine("tests", "AdaLoRA.Gen.Generators.Tests", "Rules", id + "Tests.cs")));
    }

    [Fact]
    public void Every_fix_is_exported_and_fixes_all()
    {
        Assert.NotEmpty(RuleTests.Fixes);
        Assert.All(RuleTests.Fixes, fix =>
        {
            Assert.NotNull(fix.GetType().GetCustomAttribute<ExportCodeFixProviderAttribute>());
            Assert.NotNull(fix.GetFixAllProvider());
            Assert.NotEmpty(fix.FixableDiagnosticIds);
            Assert.All(fix.FixableDiagnosticIds, id => Assert.Contains(id, RuleTests.Descriptors.Select(d => d.Id)));
        });
    }
}
