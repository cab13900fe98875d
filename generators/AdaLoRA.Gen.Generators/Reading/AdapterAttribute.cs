using System.Globalization;
using AdaLoRA.Gen.Generators.Models;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary><c>[AdaLoRA]</c> or <c>[LoRA]</c> as it stands on a class: what it states, and whether the compiler could read it.</summary>
internal sealed class AdapterAttribute
{
    public const string AdaLoRAName = "AdaLoRA.Gen.AdaLoRAAttribute";
    public const string LoRAName = "AdaLoRA.Gen.LoRAAttribute";

    private readonly Dictionary<string, TypedConstant> _values = [];
    private readonly HashSet<string> _written = [];

    private AdapterAttribute(AttributeData data, CancellationToken cancellation)
    {
        Data = data;
        IsLoRA = data.AttributeClass?.Name == "LoRAAttribute";
        foreach (var argument in data.NamedArguments) _values[argument.Key] = argument.Value;
        Syntax = data.ApplicationSyntaxReference?.GetSyntax(cancellation) as AttributeSyntax;
        foreach (var argument in Syntax?.ArgumentList?.Arguments ?? default)
            if (argument.NameEquals is { } name) _written.Add(name.Name.Identifier.ValueText);
    }

    public AttributeData Data { get; }

    public AttributeSyntax? Syntax { get; }

    /// <summary>The attribute is <c>[LoRA]</c>.</summary>
    public bool IsLoRA { get; }

    /// <summary>The adapters are plain LoRA, by either attribute.</summary>
    public bool UsesLoRA => IsLoRA || (_values.TryGetValue("Method", out var method) && method.Value is 1);

    /// <summary>The budget counts parameters, not triplets.</summary>
    public bool CountsParameters => _values.TryGetValue("BudgetUnit", out var unit) && unit.Value is 1;

    public string RankArgument => IsLoRA ? "Rank" : "InitialRank";

    /// <summary>The adapter attributes of a class, <c>[AdaLoRA]</c> first.</summary>
    public static List<AdapterAttribute> On(INamedTypeSymbol type, CancellationToken cancellation) =>
        type.GetAttributes().Where(a => a.AttributeClass is { } c && c.ContainingNamespace.ToDisplayString() == "AdaLoRA.Gen" && c.Name is "AdaLoRAAttribute" or "LoRAAttribute")
            .Select(a => new AdapterAttribute(a, cancellation)).OrderBy(a => a.IsLoRA).ToList();

    /// <summary>The argument is written; its value may still be one that does not compile.</summary>
    public bool States(string name) => _written.Contains(name);

    /// <summary>The argument is written, but the compiler has an error of its own there.</summary>
    public bool IsBroken(string name) => _written.Contains(name) && (!_values.TryGetValue(name, out var value) || value.Kind == TypedConstantKind.Error);

    public int Int(string name, int otherwise = 0) => _values.TryGetValue(name, out var value) && value.Value is int n ? n : otherwise;

    public double Double(string name, double otherwise) => _values.TryGetValue(name, out var value) && value.Value is double d ? d : otherwise;

    public string Text(string name) => _values.TryGetValue(name, out var value) && value.Value is string s ? s : "";

    /// <summary>Patterns of an array argument; empty for a null, null for an element that does not compile.</summary>
    public IReadOnlyList<string?> Texts(string name) =>
        _values.TryGetValue(name, out var value) && value is { Kind: TypedConstantKind.Array, IsNull: false } ? [.. value.Values.Select(v => v.Kind == TypedConstantKind.Error ? null : v.Value as string ?? "")] : [];

    /// <summary>Arguments that are members of an enumeration, or should be.</summary>
    public IEnumerable<(string Name, INamedTypeSymbol Type, int Value)> Enumerations() => Data.NamedArguments
        .Where(a => a.Value is { Kind: TypedConstantKind.Enum, Type: INamedTypeSymbol, Value: int })
        .Select(a => (a.Key, (INamedTypeSymbol)a.Value.Type!, (int)a.Value.Value!));

    /// <summary>What is stated, as assignments to <c>AdaLoRAOptions</c>.</summary>
    public IEnumerable<OptionSpec> Options()
    {
        if (IsLoRA) yield return new OptionSpec("Method", "global::AdaLoRA.Gen.AdapterMethod.LoRA");
        foreach (var argument in Data.NamedArguments)
            if (Literal(argument.Value) is { } literal) yield return new OptionSpec(argument.Key == "Rank" ? "InitialRank" : argument.Key, literal);
    }

    private static string? Literal(TypedConstant value) => value switch
    {
        { Kind: TypedConstantKind.Error } or { Kind: TypedConstantKind.Array, IsNull: true } => null,
        { Kind: TypedConstantKind.Array } => "[" + string.Join(", ", value.Values.Select(Element).OfType<string>()) + "]",
        { IsNull: true } => null,
        { Kind: TypedConstantKind.Enum, Type: { } type } => EnumLiteral(type, value.Value),
        { Value: string text } => SymbolDisplay.FormatLiteral(text, quote: true),
        { Value: double number } => DoubleLiteral(number),
        { Value: bool flag } => flag ? "true" : "false",
        { Value: int number } => number.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    /// <summary>A null is an empty pattern, which the run time refuses as the analyzer does.</summary>
    private static string? Element(TypedConstant value) => value is { Kind: not TypedConstantKind.Error, IsNull: true } ? "\"\"" : Literal(value);

    private static string DoubleLiteral(double number) =>
        double.IsNaN(number) ? "double.NaN"
        : double.IsInfinity(number) ? number > 0 ? "double.PositiveInfinity" : "double.NegativeInfinity"
        : number.ToString("R", CultureInfo.InvariantCulture) + "d";

    private static string EnumLiteral(ITypeSymbol type, object? value) =>
        type.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(f => f.HasConstantValue && Equals(f.ConstantValue, value)) is { } member
            ? Names.Full(type) + "." + member.Name
            : $"({Names.Full(type)})({Convert.ToString(value, CultureInfo.InvariantCulture)})";
}
