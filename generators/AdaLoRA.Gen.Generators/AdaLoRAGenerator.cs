using AdaLoRA.Gen.Generators.Emitting;
using AdaLoRA.Gen.Generators.Models;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators;

/// <summary>Wires AdaLoRA adapters into annotated models: finds them, reads each (<c>Reading/</c>), writes its part (<c>Emitting/</c>).</summary>
[Generator(LanguageNames.CSharp)]
public sealed class AdaLoRAGenerator : IIncrementalGenerator
{
    private readonly Func<ReadMemo> _memo;

    /// <summary>As the compiler makes it: with a memory of its own.</summary>
    public AdaLoRAGenerator() => _memo = static () => new ReadMemo();

    /// <summary>With a memory that tests look into, and benchmarks switch off.</summary>
    internal AdaLoRAGenerator(ReadMemo memo) => _memo = () => memo;

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var memo = _memo();
        EmitModels(context, Models(context, AdapterAttribute.AdaLoRAName, memo).WithTrackingName(TrackingNames.AdaLoRAModels));
        EmitModels(context, Models(context, AdapterAttribute.LoRAName, memo).WithTrackingName(TrackingNames.LoRAModels));
        EmitModuleInitializer(context);
    }

    private static IncrementalValuesProvider<ModelSpec> Models(IncrementalGeneratorInitializationContext context, string attribute, ReadMemo memo) => context.SyntaxProvider
        .ForAttributeWithMetadataName(
            attribute,
            static (node, _) => node is ClassDeclarationSyntax declaration && IsNamed(declaration),
            (match, cancellation) => memo.Read((INamedTypeSymbol)match.TargetSymbol, attribute, match.SemanticModel.Compilation, cancellation))
        .Where(static model => model is not null)
        .Select(static (model, _) => model!);

    /// <summary>While a name is still to be typed, nothing that is emitted would compile.</summary>
    private static bool IsNamed(ClassDeclarationSyntax declaration) =>
        declaration.AncestorsAndSelf().OfType<BaseTypeDeclarationSyntax>().All(d => !d.Identifier.IsMissing)
        && declaration.AncestorsAndSelf().OfType<TypeDeclarationSyntax>().All(d => d.TypeParameterList?.Parameters.All(p => !p.Identifier.IsMissing) ?? true);

    private static void EmitModels(IncrementalGeneratorInitializationContext context, IncrementalValuesProvider<ModelSpec> models) =>
        context.RegisterSourceOutput(models, static (output, model) => output.AddSource(ModelEmitter.HintName(model), ModelEmitter.Emit(model)));

    private static void EmitModuleInitializer(IncrementalGeneratorInitializationContext context)
    {
        var isReferenced = context.CompilationProvider
            .Select(static (compilation, _) => compilation.GetTypeByMetadataName(ModuleInitializerEmitter.RequiredType) is { } type
                && !SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, compilation.Assembly) && compilation.IsSymbolAccessibleWithin(type, compilation.Assembly))
            .WithTrackingName(TrackingNames.NativeBackend);
        context.RegisterSourceOutput(isReferenced, static (output, referenced) =>
        {
            if (referenced) output.AddSource(ModuleInitializerEmitter.HintName, ModuleInitializerEmitter.Emit());
        });
    }
}
