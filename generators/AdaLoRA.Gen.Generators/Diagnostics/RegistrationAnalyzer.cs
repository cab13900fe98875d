using System.Collections.Immutable;
using AdaLoRA.Gen.Generators.Diagnostics.Registration;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Finds modules of annotated models that TorchSharp does not register, or under another name than a person would think.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RegistrationAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = Rules.OfRegistration;

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            if (start.Compilation.GetTypeByMetadataName(AdapterAttribute.AdaLoRAName) is null) return;
            // Read once, and only in a compilation with a module class at all. Not at the compilation's end: an editor offers no fixes for what is found there.
            var scope = new Lazy<RegistrationScope>(() => RegistrationScope.In(start.Compilation, start.CancellationToken));
            start.RegisterSymbolAction(c => Analyze(c, scope), SymbolKind.NamedType);
            Reassignments.Register(start, scope);
        });
    }

    private static void Analyze(SymbolAnalysisContext context, Lazy<RegistrationScope> scope)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (type.TypeKind != TypeKind.Class || !TorchSharpTypes.IsModule(type) || !scope.Value.Contains(type)) return;
        var read = new ModuleClass(type, scope.Value, context.CancellationToken);
        if (TorchSharpTypes.IsOpaqueContainer(type))
        {
            ContainerMembers.Check(read, context.ReportDiagnostic);
            return;
        }
        if (read.OverridesRegistration) return;
        SurprisingNames.Check(read, context.ReportDiagnostic);
        HeldModules.Check(read, context.ReportDiagnostic);
        MissingRegistration.Check(read, scope.Value, context.ReportDiagnostic);
        LateMembers.Check(read, scope.Value, context.ReportDiagnostic);
    }
}
