using System.Collections.Immutable;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>Puts the text that the analyzer handed over in the place of the diagnostic's characters.</summary>
public abstract class ReplaceTextFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <summary>What the editor offers.</summary>
    /// <param name="replacement">The new text.</param>
    protected abstract string Title(string replacement);

    /// <inheritdoc/>
    public override Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        foreach (var diagnostic in context.Diagnostics)
        {
            if (!diagnostic.Properties.TryGetValue(FixProperties.Replacement, out string? replacement) || replacement is null) continue;
            var span = diagnostic.Location.SourceSpan;
            context.RegisterCodeFix(CodeAction.Create(Title(replacement), cancellation => ReplaceAsync(context.Document, span, replacement, cancellation), GetType().Name), diagnostic);
        }
        return Task.CompletedTask;
    }

    private static async Task<Document> ReplaceAsync(Document document, TextSpan span, string replacement, CancellationToken cancellation)
    {
        var text = await document.GetTextAsync(cancellation).ConfigureAwait(false);
        return document.WithText(text.WithChanges(new TextChange(span, replacement)));
    }
}
