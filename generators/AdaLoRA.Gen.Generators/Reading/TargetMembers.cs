using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>The members that hold adapted layers: themselves, or as items. The two differ: to forward a <c>Sequential</c> calls its items, and so their adapters.</summary>
internal sealed class TargetMembers
{
    private readonly HashSet<ISymbol> _layers = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _containers = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _tied = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _classes = new(SymbolEqualityComparer.Default);

    public static TargetMembers None { get; } = new();

    public bool Contains(ISymbol member, bool isItem) => (isItem ? _containers : _layers).Contains(member.OriginalDefinition);

    /// <summary>The member's weight has a second use that the model declares; known of <see cref="In"/> only.</summary>
    public bool IsTied(ISymbol member) => _tied.Contains(member.OriginalDefinition);

    /// <summary>The class is part of an annotated model; known of <see cref="In"/> only.</summary>
    public bool IsOfAModel(INamedTypeSymbol type) => _classes.Contains(type.OriginalDefinition);

    public static TargetMembers Of(TargetSelection selection)
    {
        var members = new TargetMembers();
        foreach (var node in selection.Layers.Where(l => l.IsChosen || l.IsSeen).Select(l => l.Node))
        {
            if (node.Member is not { } member) continue;
            bool isItem = node.Parent is { Member: { } holder } && SymbolEqualityComparer.Default.Equals(holder, member);
            (isItem ? members._containers : members._layers).Add(member.OriginalDefinition);
        }
        return members;
    }

    /// <summary>Of every annotated class of a compilation.</summary>
    public static TargetMembers In(Compilation compilation, CancellationToken cancellation)
    {
        var all = new TargetMembers();
        foreach (var type in AnnotatedTypes.In(compilation, cancellation))
        {
            var reading = ModelReader.Read(type, compilation, cancellation);
            all._layers.UnionWith(reading.Members._layers);
            all._containers.UnionWith(reading.Members._containers);
            if (reading.Graph is not { } graph) continue;
            all._classes.UnionWith(graph.Classes);
            all._tied.UnionWith(graph.Selection.Layers.Select(l => l.Node).Where(n => n.Member is not null && TiedWeights.Mention(n, graph.Classes, compilation, cancellation)).Select(n => n.Member!.OriginalDefinition));
        }
        return all;
    }
}
