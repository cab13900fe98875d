using System.Collections.Immutable;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>States what the patterns of an annotated class match. An analyzer of its own: while its only rule is off, the compiler does not run it.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class InformationAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = Rules.OfInformation;

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterSymbolAction(Analyze, SymbolKind.NamedType);
    }

    private static void Analyze(SymbolAnalysisContext context)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (type.TypeKind != TypeKind.Class || ModelReader.Read(type, context.Compilation, context.CancellationToken).Graph is not { } graph) return;
        foreach (var finding in PatternSummary.Of(graph))
            context.ReportDiagnostic(Diagnostic.Create(finding.Rule, FindingLocator.Locate(finding.Place).Location, finding.Arguments));
    }
}
