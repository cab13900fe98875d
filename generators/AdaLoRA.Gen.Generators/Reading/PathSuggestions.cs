namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>A pattern that an editor offers.</summary>
/// <param name="Text">The pattern.</param>
/// <param name="Layers">How many adaptable layers it matches; null where only the run knows.</param>
internal sealed record PathSuggestion(string Text, int? Layers)
{
    /// <summary>The number in words.</summary>
    public string Count => Layers is { } n ? n == 1 ? "1 layer" : $"{n} layers" : "as many layers as the run has";
}

/// <summary>What can be written in the attribute of a model, read off its module tree.</summary>
internal static class PathSuggestions
{
    /// <summary>
    /// Patterns for <c>Targets</c>: layers side by side in one pattern (<c>*.self.{query,key}</c>), each distinct layer (<c>*.self.query</c>), everything below each child of the model
    /// (<c>encoder.*</c>).
    /// </summary>
    public static IReadOnlyList<PathSuggestion> Targets(ModelGraph graph)
    {
        var layers = graph.Selection.Layers.Select(l => l.Node).ToList();
        var single = layers.ConvertAll(Pattern).Distinct().ToList();
        var together = single.Where(p => p.IndexOf('.') >= 0 && p[p.Length - 1] != '*').GroupBy(Parent).Where(g => g.Count() > 1)
            .Select(g => $"{g.Key}.{{{string.Join(",", g.Select(p => p.Substring(g.Key.Length + 1)))}}}");
        var below = graph.Root.Children.Where(c => c.Kind != NodeKind.Adaptable && c.Descendants().Any(n => n.Kind == NodeKind.Adaptable)).Select(c => c.Segment + ".*");
        return [.. together.Concat(single).Concat(below).Distinct().Select(text => new PathSuggestion(text, Count(text, layers)))];
    }

    /// <summary>Those of <see cref="Targets"/> that match a layer which no pattern chooses yet.</summary>
    public static IReadOnlyList<PathSuggestion> NewTargets(ModelGraph graph)
    {
        var open = graph.Selection.Layers.Where(l => !l.IsChosen && !l.IsSeen).Select(l => l.Node).ToList();
        return [.. Targets(graph).Where(s => Matched(s.Text, open).Any())];
    }

    /// <summary>Entries of <c>RankLimits</c>: one for each distinct target, which it allows any rank but 0.</summary>
    public static IReadOnlyList<string> RankLimits(ModelGraph graph) =>
        [.. graph.Selection.Layers.Where(l => l.IsChosen || l.IsSeen).Select(l => Pattern(l.Node) + ": 1..").Distinct()];

    /// <summary>Modules of any kind, for <c>Trainable</c>.</summary>
    public static IReadOnlyList<string> Modules(ModelGraph graph) =>
        [.. graph.Root.Descendants().Where(n => n.Path.Length > 0).Select(n => PatternAdvice.Shown(n.Path)).Distinct()];

    /// <summary>Modules that hold others and have one path, for <c>CheckpointRoot</c>.</summary>
    public static IReadOnlyList<string> Roots(ModelGraph graph) =>
        [.. graph.Root.Descendants().Where(n => n.Kind is NodeKind.Block or NodeKind.Opaque && n.Path.IndexOf(ModuleNode.IndexMark) < 0).Select(n => n.Path)];

    /// <summary>The layer in every item of the list that it is in; its path where it is in none.</summary>
    private static string Pattern(ModuleNode layer)
    {
        string[] segments = PatternAdvice.Shown(layer.Path).Split('.');
        int last = Array.FindLastIndex(segments, s => s == "*" || s.All(c => c is >= '0' and <= '9'));
        return last < 0 || last == segments.Length - 1 ? string.Join(".", segments) : "*." + string.Join(".", segments.Skip(last + 1));
    }

    private static string Parent(string pattern) => pattern.Substring(0, pattern.LastIndexOf('.'));

    private static IEnumerable<ModuleNode> Matched(string pattern, List<ModuleNode> layers)
    {
        var alternatives = PathPattern.Parse(pattern).Alternatives;
        return layers.Where(layer => alternatives.Any(a => PatternMatcher.CanMatch(a.Text, layer.Path)));
    }

    private static int? Count(string pattern, List<ModuleNode> layers) =>
        Matched(pattern, layers).Aggregate((int?)0, (sum, layer) => sum + layer.ListLengths().Aggregate((int?)1, (product, length) => product * length));
}
