using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>A broken rule. The generator looks only at whether there is one; the analyzer turns it into a diagnostic.</summary>
/// <param name="Rule">The descriptor.</param>
/// <param name="Place">Where.</param>
/// <param name="Arguments">What the message is filled with.</param>
internal sealed record Finding(DiagnosticDescriptor Rule, FindingPlace Place, params object[] Arguments)
{
    /// <summary>What a fix would write at the place, or null when there is none.</summary>
    public string? Replacement { get; init; }

    /// <summary>What a fix would take out.</summary>
    public Removal Removal { get; init; }

    /// <summary>What a fix would state in the attribute, be the argument there or not.</summary>
    public (string Argument, string Value)? Statement { get; init; }
}

/// <summary>What has no use where a finding is.</summary>
internal enum Removal
{
    None,

    /// <summary>The argument.</summary>
    Argument,

    /// <summary>The element of the array; with the last one the argument goes, too.</summary>
    Element,

    /// <summary>The alternative in braces, with a comma beside it.</summary>
    Alternative,
}

/// <summary>A place on an annotated class, without any syntax: the analyzer finds the characters.</summary>
internal sealed record FindingPlace
{
    /// <summary>The attribute that is meant; null for the class itself.</summary>
    public AdapterAttribute? Attribute { get; private init; }

    /// <summary>The argument; null for the attribute as a whole.</summary>
    public string? Argument { get; private init; }

    /// <summary>Element of an array argument, or −1.</summary>
    public int Element { get; private init; } = -1;

    /// <summary>First character of the text that is meant; −1 for all of it.</summary>
    public int Start { get; private init; } = -1;

    public int Length { get; private init; }

    /// <summary>The class whose name is meant.</summary>
    public INamedTypeSymbol? Type { get; private init; }

    public static FindingPlace OnType(INamedTypeSymbol type) => new() { Type = type };

    public static FindingPlace OnAttribute(AdapterAttribute attribute) => new() { Attribute = attribute };

    /// <summary>The argument where it is written, else the attribute.</summary>
    public static FindingPlace OnArgument(AdapterAttribute attribute, string argument) =>
        new() { Attribute = attribute, Argument = attribute.States(argument) ? argument : null };

    /// <summary>A part of a pattern.</summary>
    public static FindingPlace InPattern(AdapterAttribute attribute, string argument, int element, (int Start, int Length) part) =>
        new() { Attribute = attribute, Argument = argument, Element = element, Start = part.Length > 0 ? part.Start : -1, Length = part.Length };
}
