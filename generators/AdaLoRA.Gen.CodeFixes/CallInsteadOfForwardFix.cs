using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA008: <c>forward</c> becomes <c>call</c>, which runs the hooks.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(CallInsteadOfForwardFix)), Shared]
public sealed class CallInsteadOfForwardFix : ReplaceTextFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.ForwardBypasses.Id);

    /// <inheritdoc/>
    protected override string Title(string replacement) => $"Use '{replacement}'";
}
