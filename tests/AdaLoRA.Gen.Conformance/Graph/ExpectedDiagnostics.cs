using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Conformance.Graph;

/// <summary>
/// Comments <c>// expect: ADALORA023</c>, each on the line where the diagnostic has to be; an id twice for two. In a folder with such comments every
/// warning and error is expected, and every information of an id that one of them names. Ids that no analyzer here has say nothing.
/// </summary>
internal static class ExpectedDiagnostics
{
    private const string Mark = "// expect:";

    /// <summary>What is expected and not there, and what is there and not expected; a line each.</summary>
    public static IReadOnlyList<string> Compare(SourceFolder folder)
    {
        var expected = Expected(folder.Written).Where(e => SourceFolder.KnownIds.Contains(e.Id)).ToList();
        if (!HasMarks(folder.Written)) return [];
        var found = folder.Diagnostics.Select(d => (File: d.Location.SourceTree?.FilePath ?? "", Line: d.Location.GetLineSpan().StartLinePosition.Line + 1, d.Id, d.Severity)).ToList();
        var named = expected.Select(e => e.Id).ToHashSet(StringComparer.Ordinal);
        var lines = new List<string>();
        foreach (var (file, line, id) in expected)
        {
            int at = found.FindIndex(f => (f.File, f.Line, f.Id) == (file, line, id));
            if (at >= 0) found.RemoveAt(at);
            else lines.Add($"{file}({line}): {id} is expected and not reported");
        }
        lines.AddRange(found.Where(f => f.Severity >= DiagnosticSeverity.Warning || named.Contains(f.Id)).Select(f => $"{f.File}({f.Line}): {f.Id} is reported and not expected"));
        return lines;
    }

    private static bool HasMarks(Compilation compilation) => Expected(compilation).Any();

    private static IEnumerable<(string File, int Line, string Id)> Expected(Compilation compilation)
    {
        foreach (var tree in compilation.SyntaxTrees)
        {
            foreach (var line in tree.GetText().Lines)
            {
                string text = line.ToString();
                int at = text.IndexOf(Mark, StringComparison.Ordinal);
                if (at < 0) continue;
                foreach (string id in text[(at + Mark.Length)..].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) yield return (tree.FilePath, line.LineNumber + 1, id);
            }
        }
    }
}
