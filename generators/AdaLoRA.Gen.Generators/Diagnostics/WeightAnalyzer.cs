using System.Collections.Immutable;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Finds targets whose weight is multiplied with an input, where no hook is called. Other reads of a weight (initialising, shapes, saving, penalties) bypass nothing.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class WeightAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(Rules.WeightBypasses);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            // Read once, and only in a compilation that multiplies a weight at all.
            var targets = new Lazy<TargetMembers>(() => TargetMembers.In(start.Compilation, start.CancellationToken));
            start.RegisterOperationAction(c => Analyze(c, (IPropertyReferenceOperation)c.Operation, targets), OperationKind.PropertyReference);
        });
    }

    private static void Analyze(OperationAnalysisContext context, IPropertyReferenceOperation read, Lazy<TargetMembers> targets)
    {
        if (read.Property.Name != "weight" || !LayerUse.IsOfALayer(read.Property) || !Computes(context.ContainingSymbol)) return;
        if (WeightProduct.Of(read) is not { } product) return;
        var source = LayerUse.SourcesOf(read.Instance).FirstOrDefault(s => targets.Value.Contains(s.Member, s.IsItem));
        if (source.Member is not { } member || targets.Value.IsTied(member) || TiesUnread(context.ContainingSymbol.ContainingType, targets.Value)) return;
        string? call = LinearCall.Of(product, read);
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.WeightBypasses, read.Syntax.GetLocation(), call is null ? [] : [product.Syntax.GetLocation()],
            call is null ? ImmutableDictionary<string, string?>.Empty : ImmutableDictionary<string, string?>.Empty.Add(FixProperties.Replacement, call),
            LayerUse.NameOf(read.Instance, member), member.Name));
    }

    /// <summary>
    /// The forward of a module, or a method that it names and that turns tensors into tensors. A constructor only prepares; what forward does not name (a spectral norm, a projection of
    /// gradients) is about the weight itself.
    /// </summary>
    private static bool Computes(ISymbol symbol) =>
        symbol is IMethodSymbol { MethodKind: MethodKind.Ordinary or MethodKind.ExplicitInterfaceImplementation } method && TorchSharpTypes.IsModule(method.ContainingType)
        && !method.ReturnsVoid && (method.Name == "forward" || (method.Parameters.Any(p => TorchSharpTypes.IsTensor(p.Type)) && IsNamedByForward(method)));

    private static bool IsNamedByForward(IMethodSymbol method) => method.ContainingType.GetMembers().OfType<IMethodSymbol>().Where(m => m.Name == "forward" || m.Name.EndsWith(".forward", StringComparison.Ordinal))
        .SelectMany(m => m.DeclaringSyntaxReferences)
        .Any(r => r.GetSyntax().DescendantNodes().OfType<SimpleNameSyntax>().Any(n => n.Identifier.ValueText == method.Name));

    /// <summary>A class that declares ties but is no part of an annotated model that was read.</summary>
    private static bool TiesUnread(INamedTypeSymbol type, TargetMembers targets) => TiedWeights.DeclaredBy(type) && !targets.IsOfAModel(type);
}
