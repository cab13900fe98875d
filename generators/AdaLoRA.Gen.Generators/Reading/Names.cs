using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>C# spellings of symbols.</summary>
internal static class Names
{
    /// <summary>The tool that generated code names as its author.</summary>
    public const string Tool = "AdaLoRA.Gen";

    public const string AccessorsClass = "AdaLoRAAccessors";

    /// <summary>Names that the generated part declares in the annotated class.</summary>
    public static readonly string[] GeneratedMembers = ["AdaLoRA", "AdaLoRAView", "AdaLoRAPlanHolder", AccessorsClass];

    private static readonly SymbolDisplayFormat FullFormat = SymbolDisplayFormat.FullyQualifiedFormat.WithMiscellaneousOptions(
        SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers | SymbolDisplayMiscellaneousOptions.UseSpecialTypes);

    /// <summary><c>global::</c> name without a nullable annotation.</summary>
    public static string Full(ITypeSymbol type) => type.WithNullableAnnotation(NullableAnnotation.None).ToDisplayString(FullFormat);

    public static string Short(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat.WithMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.None));

    /// <summary>Operand of <c>typeof</c> in an attribute: generic classes unbound, since an attribute may not mention type parameters.</summary>
    public static string TypeOf(INamedTypeSymbol type)
    {
        string inner = Escape(type.Name) + (type.TypeParameters.Length == 0 ? "" : "<" + new string(',', type.TypeParameters.Length - 1) + ">");
        if (type.ContainingType is { } outer) return TypeOf(outer) + "." + inner;
        return type.ContainingNamespace is { IsGlobalNamespace: false } ns ? ns.ToDisplayString(FullFormat) + "." + inner : "global::" + inner;
    }

    /// <summary>Name as reflection writes it: <c>Space.Outer+Inner`1</c>.</summary>
    public static string Metadata(INamedTypeSymbol type) =>
        type.ContainingType is { } outer ? Metadata(outer) + "+" + type.MetadataName
        : type.ContainingNamespace is { IsGlobalNamespace: false } ns ? string.Join(".", Parts(ns)) + "." + type.MetadataName
        : type.MetadataName;

    /// <summary>A namespace's names, as they stand in metadata.</summary>
    public static IEnumerable<string> Parts(INamespaceSymbol ns) => ns.IsGlobalNamespace ? [] : Parts(ns.ContainingNamespace).Append(ns.Name);

    public static bool IsGeneric(INamedTypeSymbol type) => type.TypeParameters.Length > 0 || (type.ContainingType is { } outer && IsGeneric(outer));

    public static string TypeParameters(INamedTypeSymbol type) =>
        type.TypeParameters.Length == 0 ? "" : $"<{string.Join(", ", type.TypeParameters.Select(p => Escape(p.Name)))}>";

    /// <summary>The where clauses of a generic class, each with a space before it.</summary>
    public static string Constraints(INamedTypeSymbol type)
    {
        var clauses = new StringBuilder();
        foreach (var p in type.TypeParameters)
        {
            var parts = new List<string>();
            if (p.HasUnmanagedTypeConstraint) parts.Add("unmanaged");
            else if (p.HasValueTypeConstraint) parts.Add("struct");
            else if (p.HasReferenceTypeConstraint) parts.Add("class");
            else if (p.HasNotNullConstraint) parts.Add("notnull");
            parts.AddRange(p.ConstraintTypes.Select(Full));
            if (p is { HasConstructorConstraint: true, HasValueTypeConstraint: false, HasUnmanagedTypeConstraint: false }) parts.Add("new()");
            if (parts.Count > 0) clauses.Append(" where ").Append(Escape(p.Name)).Append(" : ").Append(string.Join(", ", parts));
        }
        return clauses.ToString();
    }

    public static string Escape(string identifier) =>
        SyntaxFacts.GetKeywordKind(identifier) != SyntaxKind.None || SyntaxFacts.GetContextualKeywordKind(identifier) != SyntaxKind.None ? "@" + identifier : identifier;

    /// <summary>An identifier as close to the text as C# allows; not yet escaped.</summary>
    public static string Identifier(string text)
    {
        var name = new StringBuilder();
        foreach (char c in text) name.Append(SyntaxFacts.IsIdentifierPartCharacter(c) ? c : '_');
        if (name.Length == 0 || !SyntaxFacts.IsIdentifierStartCharacter(name[0])) name.Insert(0, '_');
        return name.ToString();
    }

    /// <summary>The name a user knows a member by: of <c>&lt;Dense&gt;k__BackingField</c> and <c>&lt;dense&gt;P</c> what stands in the brackets.</summary>
    public static string Spoken(string segment)
    {
        int close = segment.IndexOf('>');
        return segment.Length > 2 && segment[0] == '<' && close > 1 ? segment.Substring(1, close - 1) : segment;
    }
}
