using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>A member that TorchSharp's <c>RegisterComponents</c> looks at.</summary>
/// <param name="RegisteredName">The name it would register.</param>
/// <param name="Symbol">What the user wrote: field, property or parameter.</param>
/// <param name="Type">Declared type.</param>
/// <param name="Access">How to reach it.</param>
/// <param name="FieldName">Name of the field that holds it.</param>
/// <param name="Declaring">The class that declares it, in the list of the class and its bases: 0 for the class itself.</param>
internal sealed record ClassMember(string RegisteredName, ISymbol Symbol, ITypeSymbol Type, MemberAccess? Access, string FieldName, int Declaring);

/// <summary>
/// The members of a module class and its bases as <c>GetFieldsRecursive</c> sees them: instance fields of any accessibility, the derived class first; a field's name
/// that was seen hides the same name of a base, whatever is registered for either, and what is registered under a name keeps it.
/// </summary>
internal static class ClassMembers
{
    public static List<ClassMember> Of(INamedTypeSymbol type, ReadContext context)
    {
        var members = new List<ClassMember>();
        var names = new HashSet<string>();
        var fields = new HashSet<string>();
        int depth = 0;
        foreach (var declaring in ChainOf(type))
        {
            context.Visit(declaring);
            foreach (var member in Declared(declaring, type, depth, context))
                if (fields.Add(member.FieldName) && names.Add(member.RegisteredName)) members.Add(member);
            depth++;
        }
        return members;
    }

    /// <summary>The class and its bases up to, not including, TorchSharp's.</summary>
    public static IEnumerable<INamedTypeSymbol> ChainOf(INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? t = type; t is not null && !TorchSharpTypes.IsFromTorchSharp(t) && t.SpecialType != SpecialType.System_Object; t = t.BaseType) yield return t;
    }

    public static bool IsFromSource(INamedTypeSymbol type) => type.DeclaringSyntaxReferences.Length > 0;

    private static IEnumerable<ClassMember> Declared(INamedTypeSymbol declaring, INamedTypeSymbol receiver, int depth, ReadContext context)
    {
        // Before the fields: the compiler may list the field of a captured parameter, too, but what the user wrote is the parameter.
        foreach (var parameter in Captured(declaring, context))
            yield return new ClassMember($"<{parameter.Name}>P", parameter, parameter.Type, MemberAccessReader.OfCapture(parameter, declaring, context), $"<{parameter.Name}>P", depth);
        foreach (var member in declaring.GetMembers())
        {
            switch (member)
            {
                case IFieldSymbol { IsStatic: false, IsConst: false } field when field.AssociatedSymbol is null or IPropertySymbol:
                    yield return new ClassMember(TorchSharpTypes.ComponentName(field) ?? field.Name, field.AssociatedSymbol ?? field, field.Type, MemberAccessReader.OfField(field, receiver, context), field.Name, depth);
                    break;
                case IPropertySymbol { IsStatic: false, IsIndexer: false } property when !IsFromSource(declaring) && IsAutoProperty(property):
                    yield return new ClassMember($"<{property.Name}>k__BackingField", property, property.Type, MemberAccessReader.OfProperty(property, receiver, context), $"<{property.Name}>k__BackingField", depth);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Metadata shows no backing field, but the compiler marks the getter that it wrote.</summary>
    private static bool IsAutoProperty(IPropertySymbol property) =>
        property.GetMethod is { } getter && getter.GetAttributes().Any(a => a.AttributeClass?.Name == "CompilerGeneratedAttribute");

    /// <summary>Parameters of a primary constructor that a member body reads: the compiler keeps each in a field of its own.</summary>
    private static IEnumerable<IParameterSymbol> Captured(INamedTypeSymbol declaring, ReadContext context)
    {
        foreach (var reference in declaring.DeclaringSyntaxReferences)
        {
            if (reference.GetSyntax(context.Cancellation) is not ClassDeclarationSyntax { ParameterList.Parameters: { Count: > 0 } parameters } declaration) continue;
            var semantics = context.SemanticModelOf(reference.SyntaxTree);
            foreach (var syntax in parameters)
            {
                if (semantics.GetDeclaredSymbol(syntax, context.Cancellation) is not IParameterSymbol parameter || !TorchSharpTypes.IsModule(parameter.Type)) continue;
                bool captured = declaration.Members.SelectMany(Bodies).SelectMany(body => body.DescendantNodesAndSelf().OfType<IdentifierNameSyntax>())
                    .Any(name => name.Identifier.ValueText == parameter.Name
                        && SymbolEqualityComparer.Default.Equals(semantics.GetSymbolInfo(name, context.Cancellation).Symbol, parameter));
                if (captured) yield return parameter;
            }
        }
    }

    private static IEnumerable<SyntaxNode> Bodies(MemberDeclarationSyntax member) => member switch
    {
        BaseFieldDeclarationSyntax or BaseTypeDeclarationSyntax => [],
        PropertyDeclarationSyntax property => new SyntaxNode?[] { property.AccessorList, property.ExpressionBody }.OfType<SyntaxNode>(),
        _ => [member],
    };
}
