using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>A source that breaks a rule: the marks of <see cref="Markup"/>, and the messages in source order. Each test class of a rule has one, found by <see cref="RuleTests"/>.</summary>
internal sealed record RuleCase(string Marked, params string[] Messages)
{
    /// <summary>Assemblies beside the usual ones.</summary>
    public MetadataReference[] References { get; init; } = [];
}
