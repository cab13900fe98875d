using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>Says whether a change keeps a project compiling, before it is offered.</summary>
internal static class CompileCheck
{
    /// <summary>No file that has the name in it gets an error more. Only those are bound: a light bulb has no time for a project.</summary>
    public static async Task<bool> KeepsCompilingAsync(Document document, Document changed, string name, CancellationToken cancellation)
    {
        foreach (var file in document.Project.Documents)
        {
            if ((await file.GetTextAsync(cancellation).ConfigureAwait(false)).ToString().IndexOf(name, StringComparison.Ordinal) < 0) continue;
            var after = changed.Project.GetDocument(file.Id)!;
            if (await ErrorsAsync(after, cancellation).ConfigureAwait(false) > await ErrorsAsync(file, cancellation).ConfigureAwait(false)) return false;
        }
        return true;
    }

    private static async Task<int> ErrorsAsync(Document document, CancellationToken cancellation) =>
        (await document.GetSemanticModelAsync(cancellation).ConfigureAwait(false))!.GetDiagnostics(cancellationToken: cancellation).Count(d => d.Severity == DiagnosticSeverity.Error);
}
