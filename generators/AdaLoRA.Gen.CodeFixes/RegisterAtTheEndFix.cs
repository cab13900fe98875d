using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA025: writes RegisterComponents() at the end of the constructor, or moves it there.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RegisterAtTheEndFix)), Shared]
public sealed class RegisterAtTheEndFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.RegistrationMissed.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        if (root?.FindNode(context.Span).FirstAncestorOrSelf<ConstructorDeclarationSyntax>() is not { } constructor) return;
        bool isMissing = constructor.Identifier.Span == context.Span;
        var changed = isMissing ? ConstructorEdits.Append(constructor, "RegisterComponents();") : WithCallLast(constructor);
        if (changed is null) return;
        context.RegisterCodeFix(
            CodeAction.Create(isMissing ? "Call RegisterComponents() at the end" : "Move RegisterComponents() to the end",
                _ => Task.FromResult(context.Document.WithSyntaxRoot(root.ReplaceNode(constructor, changed))), nameof(RegisterAtTheEndFix)),
            context.Diagnostics);
    }

    /// <summary>Null where the call stands in another constructor or method.</summary>
    private static ConstructorDeclarationSyntax? WithCallLast(ConstructorDeclarationSyntax constructor)
    {
        if (constructor.Body is not { } body || body.Statements.Count(ConstructorEdits.IsRegistration) != 1 || body.DescendantNodes().Any(n => n is ReturnStatementSyntax)) return null;
        var call = body.Statements.Single(ConstructorEdits.IsRegistration);
        return constructor.WithBody(body.WithStatements(body.Statements.Remove(call).Add(call)));
    }
}
