using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Decides how generated code reaches a member: directly where C# allows it, else through <c>[UnsafeAccessor]</c>, else not at all.</summary>
internal static class MemberAccessReader
{
    private static readonly SymbolDisplayFormat OwnerName = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.None);

    /// <param name="field">The field that TorchSharp reads: of an auto-property, its backing field.</param>
    /// <param name="receiver">The class it is reached through.</param>
    /// <param name="context">Holds the annotated class.</param>
    public static MemberAccess? OfField(IFieldSymbol field, INamedTypeSymbol receiver, ReadContext context)
    {
        if (field.AssociatedSymbol is IPropertySymbol property) return OfProperty(property, receiver, context) ?? Accessor(field.OriginalDefinition, field.ContainingType, field.Name, field.OriginalDefinition.Type, context);
        return context.Compilation.IsSymbolAccessibleWithin(field, context.Model, receiver) && !IsHidden(field, receiver)
            ? new MemberAccess("{0}." + Names.Escape(field.Name))
            : Accessor(field.OriginalDefinition, field.ContainingType, field.Name, field.OriginalDefinition.Type, context);
    }

    public static MemberAccess? OfProperty(IPropertySymbol property, INamedTypeSymbol receiver, ReadContext context) =>
        property is { IsVirtual: false, IsOverride: false, GetMethod: { } getter } && context.Compilation.IsSymbolAccessibleWithin(getter, context.Model, receiver) && !IsHidden(property, receiver)
            ? new MemberAccess("{0}." + Names.Escape(property.Name))
            : null;

    public static MemberAccess? OfCapture(IParameterSymbol parameter, INamedTypeSymbol owner, ReadContext context) =>
        Accessor(parameter.OriginalDefinition, owner, $"<{parameter.Name}>P", parameter.OriginalDefinition.Type, context);

    private static bool IsHidden(ISymbol member, INamedTypeSymbol receiver)
    {
        for (INamedTypeSymbol? t = receiver; t is not null && !SymbolEqualityComparer.Default.Equals(t, member.ContainingType); t = t.BaseType)
            if (t.GetMembers(member.Name).Length > 0) return true;
        return false;
    }

    private static MemberAccess? Accessor(ISymbol member, INamedTypeSymbol owner, string fieldName, ITypeSymbol fieldType, ReadContext context)
    {
        if (!context.HasUnsafeAccessor || !context.CanName(owner) || !context.CanName(fieldType)) return null;
        var definition = owner.OriginalDefinition;
        string name = Names.Identifier(definition.ToDisplayString(OwnerName) + "_" + member.Name);
        // Type parameters of a generic class around the owner would have to be repeated, too.
        if (definition.ContainingType is { } outer && Names.IsGeneric(outer)) return null;
        bool isGeneric = definition.TypeParameters.Length > 0;
        // The accessors are nested in the annotated class.
        if ((isGeneric || Names.IsGeneric(context.Model)) && !context.HasGenericUnsafeAccessor) return null;
        // The run time compares type parameters by their number, and in a generic annotated class its own come first: it would not find a field whose type has one in it.
        if (isGeneric && Names.IsGeneric(context.Model) && MentionsTypeParameter(fieldType)) return null;
        var spec = new Models.AccessorSpec(name, Names.Full(definition), isGeneric ? Names.TypeParameters(definition) : "", Names.Constraints(definition), Names.Full(fieldType), fieldName);
        string call = isGeneric ? $"{name}<{string.Join(", ", owner.TypeArguments.Select(Names.Full))}>.Get" : name;
        return new MemberAccess($"{Names.AccessorsClass}.{call}({{0}})", spec);
    }

    private static bool MentionsTypeParameter(ITypeSymbol type) => type switch
    {
        ITypeParameterSymbol => true,
        IArrayTypeSymbol array => MentionsTypeParameter(array.ElementType),
        INamedTypeSymbol named => named.TypeArguments.Any(MentionsTypeParameter) || (named.ContainingType is { } outer && MentionsTypeParameter(outer)),
        _ => false,
    };
}
