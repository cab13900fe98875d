using System.Collections.Immutable;
using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Runs the analyzers over source and generated code together, as the compiler does, and compares everything that they report.</summary>
internal static class AnalyzerRun
{
    public static readonly ImmutableArray<DiagnosticAnalyzer> Analyzers =
        [.. typeof(ModelAnalyzer).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(DiagnosticAnalyzer)) && !t.IsAbstract).Select(t => (DiagnosticAnalyzer)Activator.CreateInstance(t)!)];

    /// <summary>The marked diagnostics and no other; in source order, with these messages. Source that is right but for them has no errors of the compiler's.</summary>
    public static Task Verify(string marked, params string[] messages) => Verify(new RuleCase(marked, messages));

    public static Task VerifyIn(MetadataReference[] references, string marked, params string[] messages) => Verify(new RuleCase(marked, messages) { References = references });

    /// <param name="rule">Rules that are off by default are on where the source marks them.</param>
    /// <param name="suppressed">A rule whose reports are dropped, as if it were not there.</param>
    public static async Task Verify(RuleCase rule, string? suppressed = null)
    {
        var markup = Markup.Parse(Compilations.Usings + rule.Marked);
        var compilation = Compilations.Create(markup.Source[Compilations.Usings.Length..]).AddReferences(rule.References);
        compilation = WithRules(compilation, RuleTests.Descriptors.Where(d => !d.IsEnabledByDefault && markup.Expected.Any(e => e.Id == d.Id)).Select(d => d.Id), suppressed);
        var found = (await Diagnose(GeneratorRun.On(compilation).Updated)).OrderBy(d => d.Location.SourceSpan.Start).ToList();
        string report = string.Join("\n", found.Select(d => $"{d.Id} [{TextAt(d)}] {d.GetMessage(CultureInfo.InvariantCulture)}"));
        Assert.True(
            markup.Expected.OrderBy(e => e.Span.Start).Select(e => (e.Id, e.Text)).SequenceEqual(found.Select(d => (d.Id, TextAt(d))))
            && markup.Expected.Select(e => e.Span).Order().SequenceEqual(found.Select(d => d.Location.SourceSpan).Order()), "Reported:\n" + report);
        Assert.Equal(string.Join("\n", rule.Messages), string.Join("\n", found.Select(d => d.GetMessage(CultureInfo.InvariantCulture))));
        Assert.All(found, d => Assert.Equal($"https://github.com/adalora-gen/AdaLoRA.Gen/blob/main/generators/rules/{d.Id}.md", d.Descriptor.HelpLinkUri));
    }

    public static async Task<ImmutableArray<Diagnostic>> Diagnose(Compilation compilation) =>
        [.. (await compilation.WithAnalyzers(Analyzers).GetAnalyzerDiagnosticsAsync()).Where(d => !d.IsSuppressed)];

    /// <summary>Switches rules on that are off by default, and one off.</summary>
    public static CSharpCompilation WithRules(CSharpCompilation compilation, IEnumerable<string> enabled, string? suppressed = null)
    {
        var severities = compilation.Options.SpecificDiagnosticOptions.SetItems(enabled.Select(id => KeyValuePair.Create(id, ReportDiagnostic.Info)));
        if (suppressed is not null) severities = severities.SetItem(suppressed, ReportDiagnostic.Suppress);
        return compilation.WithOptions(compilation.Options.WithSpecificDiagnosticOptions(severities));
    }

    private static string TextAt(Diagnostic diagnostic) => diagnostic.Location.SourceTree?.GetText().ToString(diagnostic.Location.SourceSpan) ?? "";
}
