using System.Collections.Immutable;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Reports what <see cref="ModelReader"/> finds wrong with an annotated class.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ModelAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        Rules.OfClass.AddRange(Rules.OfPatterns).AddRange(Rules.OfValues).AddRange(Rules.OfVisibility);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.Analyze | GeneratedCodeAnalysisFlags.ReportDiagnostics);
        context.RegisterSymbolAction(Analyze, SymbolKind.NamedType);
    }

    private static void Analyze(SymbolAnalysisContext context)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (type.TypeKind != TypeKind.Class) return;
        foreach (var finding in ModelReader.Read(type, context.Compilation, context.CancellationToken).Findings)
        {
            var (location, isExact) = FindingLocator.Locate(finding.Place);
            var properties = finding.Replacement is { } replacement && isExact
                ? ImmutableDictionary<string, string?>.Empty.Add(FixProperties.Replacement, replacement)
                : ImmutableDictionary<string, string?>.Empty;
            context.ReportDiagnostic(Diagnostic.Create(finding.Rule, location, properties, finding.Arguments));
        }
    }
}
