using System.Collections.Immutable;
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
    public static Task Verify(string marked, params string[] messages) => VerifyIn([], marked, messages);

    public static async Task VerifyIn(MetadataReference[] references, string marked, params string[] messages)
    {
        var markup = Markup.Parse(Compilations.Usings + marked);
        var compilation = Compilations.Create(markup.Source[Compilations.Usings.Length..]).AddReferences(references);
        var run = GeneratorRun.On(compilation);
        var found = (await Diagnose(run.Updated)).OrderBy(d => d.Location.SourceSpan.Start).ToList();
        string report = string.Join("\n", found.Select(d => $"{d.Id} [{TextAt(d)}] {d.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}"));
        Assert.True(
            markup.Expected.OrderBy(e => e.Span.Start).Select(e => (e.Id, e.Text)).SequenceEqual(found.Select(d => (d.Id, TextAt(d))))
            && markup.Expected.Select(e => e.Span).Order().SequenceEqual(found.Select(d => d.Location.SourceSpan).Order()), "Reported:\n" + report);
        Assert.Equal(messages, found.Select(d => d.GetMessage(System.Globalization.CultureInfo.InvariantCulture)));
        Assert.All(found, d => Assert.Equal($"https://github.com/adalora-gen/AdaLoRA.Gen/blob/main/generators/rules/{d.Id}.md", d.Descriptor.HelpLinkUri));
    }

    public static async Task<ImmutableArray<Diagnostic>> Diagnose(Compilation compilation) =>
        [.. (await compilation.WithAnalyzers(Analyzers).GetAnalyzerDiagnosticsAsync()).Where(d => !d.IsSuppressed)];

    private static string TextAt(Diagnostic diagnostic) => diagnostic.Location.SourceTree?.GetText().ToString(diagnostic.Location.SourceSpan) ?? "";
}
