using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>The members that hold adapted layers: themselves, or as items. The two differ: to forward a <c>Sequential</c> calls its items, and so their adapters.</summary>
internal sealed class TargetMembers
{
    private readonly HashSet<ISymbol> _layers = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _containers = new(SymbolEqualityComparer.Default);

    public static TargetMembers None { get; } = new();

    public bool Contains(ISymbol member, bool isItem) => (isItem ? _containers : _layers).Contains(member.OriginalDefinition);

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
            var members = ModelReader.Read(type, compilation, cancellation).Members;
            all._layers.UnionWith(members._layers);
            all._containers.UnionWith(members._containers);
        }
        return all;
    }
}
