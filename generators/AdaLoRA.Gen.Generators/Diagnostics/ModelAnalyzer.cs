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
            context.ReportDiagnostic(Diagnostic.Create(finding.Rule, location, Properties(finding, isExact), finding.Arguments));
        }
    }

    private static ImmutableDictionary<string, string?> Properties(Finding finding, bool isExact)
    {
        var properties = ImmutableDictionary<string, string?>.Empty;
        if (finding.Replacement is { } replacement && isExact) properties = properties.Add(FixProperties.Replacement, replacement);
        if (finding.Removal != Removal.None && (isExact || finding.Removal != Removal.Alternative)) properties = properties.Add(FixProperties.Removal, finding.Removal.ToString());
        if (finding.Statement is { } statement) properties = properties.Add(FixProperties.Argument, statement.Argument).Add(FixProperties.Value, statement.Value);
        return properties;
    }
}
