using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>What the reader has to know of TorchSharp, by name: the generator never references it.</summary>
internal static class TorchSharpTypes
{
    private const string Assembly = "TorchSharp";

    public static bool IsFromTorchSharp(ISymbol symbol) => symbol.ContainingAssembly?.Name == Assembly;

    /// <summary>Whether the type is <c>torch.nn.Module</c> or derives from it.</summary>
    public static bool IsModule(ITypeSymbol type)
    {
        for (ITypeSymbol? t = type; t is not null; t = t.BaseType)
            if (IsModuleRoot(t)) return true;
        return false;
    }

    /// <summary><c>torch.nn.Module</c>, <c>Module&lt;T, TResult&gt;</c> and the like: classes that say nothing of what they hold.</summary>
    public static bool IsModuleBase(ITypeSymbol type) =>
        IsFromTorchSharp(type) && type.Name is "Module" or "HookableModule" or "ParamBaseModule" && IsModule(type);

    public static bool IsParameter(ITypeSymbol type) => IsFromModulesNamespace(type, "Parameter");

    /// <summary><c>torch.Tensor</c>, or a parameter, which is one.</summary>
    public static bool IsTensor(ITypeSymbol type) => IsParameter(type) || (type is { Name: "Tensor", ContainingType: { Name: "torch", ContainingType: null } } && IsFromTorchSharp(type));

    public static bool IsSequential(ITypeSymbol type) => IsFromModulesNamespace(type, "Sequential");

    public static bool IsModuleList(ITypeSymbol type) => IsFromModulesNamespace(type, "ModuleList");

    public static bool IsModuleDict(ITypeSymbol type) => IsFromModulesNamespace(type, "ModuleDict");

    /// <summary>A container or a subclass of one: it shows its items, and no member of its own.</summary>
    public static bool IsOpaqueContainer(ITypeSymbol type)
    {
        for (ITypeSymbol? t = type; t is not null; t = t.BaseType)
            if (IsSequential(t) || IsModuleList(t) || IsModuleDict(t)) return true;
        return false;
    }

    /// <summary>The name given by <c>[ComponentName(Name = …)]</c>, or null.</summary>
    public static string? ComponentName(ISymbol field)
    {
        foreach (var attribute in field.GetAttributes())
        {
            if (attribute.AttributeClass is not { Name: "ComponentNameAttribute" } type || !IsFromTorchSharp(type)) continue;
            foreach (var argument in attribute.NamedArguments)
                if (argument is { Key: "Name", Value.Value: string named }) return named;
            if (attribute.ConstructorArguments is [{ Value: string positional }, ..]) return positional;
        }
        return null;
    }

    private static bool IsModuleRoot(ITypeSymbol type) =>
        type is { Name: "Module", ContainingType: { Name: "nn", ContainingType.Name: "torch" } }
        && type is INamedTypeSymbol { IsGenericType: false } && IsFromTorchSharp(type);

    /// <summary>A class of <c>TorchSharp.Modules</c>.</summary>
    public static bool IsFromModulesNamespace(ITypeSymbol type) =>
        type.ContainingNamespace is { Name: "Modules", ContainingNamespace.Name: "TorchSharp" } && IsFromTorchSharp(type);

    private static bool IsFromModulesNamespace(ITypeSymbol type, string name) => type.Name == name && IsFromModulesNamespace(type);
}
