using System.Reflection;
using AdaLoRA.Gen.Generators.Tests.Harness;
using AdaLoRA.Gen.Testing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Every rule has all that belongs to a rule.</summary>
public sealed class DescriptorTests
{
    private static readonly DiagnosticDescriptor[] Descriptors =
        [.. typeof(Diagnostics.Rules).GetFields(BindingFlags.Static | BindingFlags.Public).Select(f => (DiagnosticDescriptor)f.GetValue(null)!)];

    public static TheoryData<string> Ids => [.. Descriptors.Select(d => d.Id)];

    [Fact]
    public void Ids_are_unique() => Assert.Equal(Descriptors.Length, Descriptors.Select(d => d.Id).Distinct().Count());

    [Theory]
    [MemberData(nameof(Ids))]
    public void Rule_is_complete(string id)
    {
        var rule = Descriptors.Single(d => d.Id == id);
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
        var fixes = typeof(CodeFixes.MakePartialFix).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(CodeFixProvider)) && !t.IsAbstract).ToList();
        Assert.NotEmpty(fixes);
        Assert.All(fixes, type =>
        {
            Assert.NotNull(type.GetCustomAttribute<ExportCodeFixProviderAttribute>());
            var fix = (CodeFixProvider)Activator.CreateInstance(type)!;
            Assert.Same(WellKnownFixAllProviders.BatchFixer, fix.GetFixAllProvider());
            Assert.All(fix.FixableDiagnosticIds, id => Assert.Contains(id, Descriptors.Select(d => d.Id)));
        });
    }
}
