namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Patterns that a message proposes: of layers that the model really has.</summary>
internal static class PatternProposal
{
    /// <summary>A pattern that matches the first layer that can be adapted and its like; null where no such layer is seen.</summary>
    public static string? ForAny(IReadOnlyList<ModuleNode> nodes) => nodes.FirstOrDefault(n => n.Kind == NodeKind.Adaptable) is { } layer ? For(layer) : null;

    /// <summary>"such as …" with the adaptable layer that shares the longest part of its path with another one; empty where the model has none.</summary>
    public static string Near(ModuleNode node, IReadOnlyList<ModuleNode> nodes)
    {
        var nearest = nodes.Where(n => n.Kind == NodeKind.Adaptable).OrderByDescending(n => Shared(n.Path, node.Path)).FirstOrDefault();
        return nearest is null ? "" : $", such as '{For(nearest)}'";
    }

    /// <summary>A name says more than a place does, but the item of a list has no other.</summary>
    private static string For(ModuleNode layer)
    {
        bool isItem = layer.IsItem || layer.Segment.All(c => c is >= '0' and <= '9');
        return isItem || layer.Parent?.Parent is null ? PatternAdvice.Shown(layer.Path) : "*." + layer.Segment;
    }

    private static int Shared(string a, string b)
    {
        int i = 0;
        while (i < a.Length && i < b.Length && a[i] == b[i]) i++;
        return i;
    }
}
