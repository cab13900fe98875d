using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA029: registers the own modules of a ModuleList or ModuleDict in its constructors.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RegisterByHandFix)), Shared]
public sealed class RegisterByHandFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.OwnMemberOfContainer.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        var diagnostic = context.Diagnostics[0];
        if (!diagnostic.Properties.TryGetValue(FixProperties.Members, out string? members) || members is null) return;
        if (root?.FindNode(context.Span).FirstAncestorOrSelf<TypeDeclarationSyntax>() is not { ParameterList: null } type) return;
        var constructors = type.Members.OfType<ConstructorDeclarationSyntax>()
            .Where(c => !c.Modifiers.Any(SyntaxKind.StaticKeyword) && c.Initializer is not { RawKind: (int)SyntaxKind.ThisConstructorInitializer }).ToList();
        // All members at once, so that the changes of several diagnostics are one and the same.
        string[] calls = [.. members.Split(',').Select(m => $"register_module(\"{m}\", {m});")];
        var changed = constructors.ToDictionary(c => c, c => ConstructorEdits.Append(c, calls));
        if (constructors.Count == 0 || changed.Values.Any(c => c is null)) return;
        context.RegisterCodeFix(
            CodeAction.Create($"Register '{members.Replace(",", "', '")}' in the constructor",
                _ => Task.FromResult(context.Document.WithSyntaxRoot(root.ReplaceNodes(constructors, (old, _) => changed[old]!))), nameof(RegisterByHandFix)),
            context.Diagnostics);
    }
}
