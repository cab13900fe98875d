using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>Modules that it is no loss to leave unregistered: without weights, and the same in training and evaluation.</summary>
internal static class StatelessModules
{
    private static readonly string[] Bases = ["ParameterLessModule", "Loss", "PadBase"];

    public static bool Is(ITypeSymbol type, ModuleClass read)
    {
        if (type is not INamedTypeSymbol named) return false;
        return TorchSharpTypes.IsFromTorchSharp(named) ? IsOfTorchSharp(named) : !named.IsAbstract && !TorchSharpTypes.IsOpaqueContainer(named) && ClassMembers.ChainOf(named).All(c => HasNoState(c.OriginalDefinition, read));
    }

    private static bool IsOfTorchSharp(INamedTypeSymbol type)
    {
        // These two ask whether they are trained.
        if (type.Name.Contains("Dropout") || type.Name == "RReLU") return false;
        for (INamedTypeSymbol? t = type; t is not null; t = t.BaseType)
            if (Array.IndexOf(Bases, t.Name) >= 0) return true;
        return false;
    }

    private static bool HasNoState(INamedTypeSymbol type, ModuleClass read) =>
        ClassMembers.IsFromSource(type)
        && type.GetMembers().OfType<IFieldSymbol>().All(f => f.IsStatic || f.IsConst || IsPlain(f.Type))
        && !read.Declarations(type).Any(d => Captures(d, read) || ModuleClass.Mentions(d, "training", "register_module", "add_module", "register_buffer", "register_parameter"));

    /// <summary>A parameter of a primary constructor is as good as a field.</summary>
    private static bool Captures(TypeDeclarationSyntax declaration, ModuleClass read) => declaration is ClassDeclarationSyntax { ParameterList: { } list }
        && list.Parameters.Any(p => read.Context.SemanticModelOf(p.SyntaxTree).GetDeclaredSymbol(p, read.Context.Cancellation) is not { } parameter || !IsPlain(parameter.Type));

    /// <summary>Numbers and texts; anything else may hold a tensor.</summary>
    private static bool IsPlain(ITypeSymbol type) => type.SpecialType is >= SpecialType.System_Enum and <= SpecialType.System_String || type.TypeKind == TypeKind.Enum;
}
