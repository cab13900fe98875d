using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>
/// Names of generated files. The compiler takes two names for one that differ in upper and lower case only, and throws away everything that is generated when one
/// comes twice or has a character that it does not like.
/// </summary>
internal static class HintNames
{
    /// <summary><c>Space.Outer.Inner{T}</c>, with a number behind it where that name is not the type's alone.</summary>
    public static string Of(INamedTypeSymbol type)
    {
        var name = new StringBuilder();
        bool isUnique = true;
        foreach (char c in Parts(type, ref isUnique))
        {
            bool isAllowed = char.IsLetterOrDigit(c) || c is '.' or '_' or '{' or '}' or ',';
            name.Append(isAllowed ? c : '_');
            isUnique &= isAllowed;
        }
        if (!isUnique) name.Append('-').Append(Hash(Names.Metadata(type)).ToString("x8", CultureInfo.InvariantCulture));
        return name.ToString();
    }

    private static string Parts(INamespaceOrTypeSymbol symbol, ref bool isUnique)
    {
        if (symbol is INamespaceSymbol { IsGlobalNamespace: true }) return "";
        INamespaceOrTypeSymbol parent = symbol.ContainingType ?? (INamespaceOrTypeSymbol)symbol.ContainingNamespace;
        isUnique &= !parent.GetMembers().Any(other => other is INamespaceOrTypeSymbol && other.Name != symbol.Name && string.Equals(other.Name, symbol.Name, StringComparison.OrdinalIgnoreCase));
        string start = Parts(parent, ref isUnique);
        string parameters = symbol is INamedTypeSymbol { TypeParameters.Length: > 0 } type ? "{" + string.Join(",", type.TypeParameters.Select(p => p.Name)) + "}" : "";
        return (start.Length == 0 ? "" : start + ".") + symbol.Name + parameters;
    }

    /// <summary>FNV-1a.</summary>
    private static uint Hash(string text)
    {
        uint hash = 2166136261;
        foreach (char c in text) hash = unchecked((hash ^ c) * 16777619);
        return hash;
    }
}
