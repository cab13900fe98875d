using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>The module tree of one reading, for the analyzers and for what an editor shows. Never kept: it holds the compiler's objects.</summary>
/// <param name="Attribute">The attribute that was read.</param>
/// <param name="ModelName">The annotated class.</param>
/// <param name="Root">The tree.</param>
/// <param name="Selection">What all patterns together choose.</param>
/// <param name="Classes">Every module class in the tree.</param>
/// <param name="Context">What it was read from.</param>
internal sealed record ModelGraph(AdapterAttribute Attribute, string ModelName, ModuleNode Root, TargetSelection Selection, IReadOnlyCollection<INamedTypeSymbol> Classes, ReadContext Context)
{
    /// <summary>The layers that carry adapters.</summary>
    public IEnumerable<ModuleNode> Targets => Selection.Layers.Where(l => l.IsChosen || l.IsSeen).Select(l => l.Node);
}
