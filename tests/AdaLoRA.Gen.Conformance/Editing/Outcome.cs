using System.Collections.Immutable;
using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AdaLoRA.Gen.Conformance.Editing;

/// <summary>All that generator and analyzers give for a project, as text.</summary>
/// <param name="Sources">What was generated, by file.</param>
/// <param name="Reports">A line a diagnostic, in order.</param>
internal sealed record Outcome(ImmutableSortedDictionary<string, string> Sources, ImmutableArray<string> Reports)
{
    private static readonly ImmutableArray<Type> AnalyzerTypes = [.. typeof(ModelAnalyzer).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(DiagnosticAnalyzer)) && !t.IsAbstract)];

    /// <summary>New analyzers: some remember what they saw.</summary>
    public static ImmutableArray<DiagnosticAnalyzer> NewAnalyzers() => [.. AnalyzerTypes.Select(t => (DiagnosticAnalyzer)Activator.CreateInstance(t)!)];

    /// <summary>Runs a driver, and analyzers over what it adds to the project.</summary>
    /// <param name="driver">The driver.</param>
    /// <param name="compilation">The project.</param>
    /// <param name="analyzers">None to leave them out: with them the compiler binds every body, which takes most of the time.</param>
    /// <returns>The outcome and the driver for the next run.</returns>
    public static (Outcome Outcome, GeneratorDriver Driver) Of(GeneratorDriver driver, CSharpCompilation compilation, ImmutableArray<DiagnosticAnalyzer> analyzers)
    {
        driver = driver.RunGeneratorsAndUpdateCompilation(compilation, out var complete, out var generated);
        var options = new CompilationWithAnalyzersOptions(new AnalyzerOptions([]), onAnalyzerException: null, concurrentAnalysis: false, logAnalyzerExecutionTime: false);
        var analyzed = analyzers.IsEmpty ? [] : complete.WithAnalyzers(analyzers, options).GetAnalyzerDiagnosticsAsync().GetAwaiter().GetResult();
        var sources = driver.GetRunResult().Results.SelectMany(r => r.GeneratedSources).ToImmutableSortedDictionary(s => s.HintName, s => s.SourceText.ToString(), StringComparer.Ordinal);
        return (new Outcome(sources, [.. generated.Concat(analyzed).Select(Line).Order(StringComparer.Ordinal)]), driver);
    }

    /// <summary>A generator or an analyzer that fell over: the compiler tells of the one by CS8785, of the other by AD0001.</summary>
    public string? Crash => Reports.FirstOrDefault(r => r.StartsWith("CS8785", StringComparison.Ordinal) || r.StartsWith("AD0001", StringComparison.Ordinal));

    /// <summary>How this differs from what a fresh run gives; empty where it does not.</summary>
    public IReadOnlyList<string> DifferenceFrom(Outcome fresh)
    {
        var lines = new List<string>();
        foreach (string file in Sources.Keys.Union(fresh.Sources.Keys).Order(StringComparer.Ordinal))
        {
            Sources.TryGetValue(file, out string? here);
            fresh.Sources.TryGetValue(file, out string? there);
            if (here != there) lines.AddRange([$"{file}: {(here is null ? "only the fresh run writes it" : there is null ? "only the incremental run writes it" : "written differently")}", .. Lines(here, there)]);
        }
        return [.. lines, .. Lines(Reports, fresh.Reports)];
    }

    private static IEnumerable<string> Lines(string? incremental, string? fresh) => incremental is null || fresh is null ? [] : Lines(incremental.Split('\n'), fresh.Split('\n'));

    /// <summary>What stands on one side only; <c>-</c> incremental, <c>+</c> fresh.</summary>
    private static IEnumerable<string> Lines(IReadOnlyCollection<string> incremental, IReadOnlyCollection<string> fresh)
    {
        List<string> first = [.. incremental], second = [.. fresh];
        foreach (string line in incremental)
            if (second.Remove(line)) first.Remove(line);
        return [.. first.Select(l => "- " + l), .. second.Select(l => "+ " + l)];
    }

    private static string Line(Diagnostic d)
    {
        var place = d.Location.GetLineSpan();
        string properties = string.Join(", ", d.Properties.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));
        return $"{d.Id} {d.Severity} {place.Path}{d.Location.SourceSpan} {d.GetMessage(CultureInfo.InvariantCulture)} {{{properties}}}{(d.IsSuppressed ? " suppressed" : "")}";
    }
}
