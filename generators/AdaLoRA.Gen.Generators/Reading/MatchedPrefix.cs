namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>How far a pattern got: what the part before the segment that fails does match.</summary>
internal static class MatchedPrefix
{
    private const int MostNames = 3;

    /// <summary>"'blocks.0' has no 'qury'", with the modules that were looked into.</summary>
    /// <param name="segment">The segment that nothing has.</param>
    /// <param name="prefix">What stands before it; empty at the start.</param>
    /// <param name="parents">The modules that the prefix matches.</param>
    public static string Lacks(string segment, string prefix, IReadOnlyList<ModuleNode> parents)
    {
        if (prefix.Length == 0) return $"the model has no '{segment}'";
        if (prefix.All(c => c == '*')) return $"no module has {Article(segment)} '{segment}'";
        // Layers have no children to choose from; where there are blocks, it is those that were meant.
        var blocks = parents.Where(p => p.Children.Count > 0).ToList();
        var paths = (blocks.Count > 0 ? blocks : parents).SelectMany(p => Paths(prefix, p)).Distinct().ToList();
        if (paths.Count == 1) return paths[0] == prefix ? $"'{prefix}' has no '{segment}'" : $"'{paths[0]}', which '{prefix}' matches, has no '{segment}'";
        string names = string.Join(", ", paths.Take(MostNames).Select(p => $"'{p}'")) + (paths.Count > MostNames ? " …" : "");
        return $"none of the modules that '{prefix}' matches ({names}) has {Article(segment)} '{segment}'";
    }

    private static string Article(string word) => word.Length > 0 && "aeioAEIO".Contains(word[0].ToString()) ? "an" : "a";

    private static IEnumerable<string> Paths(string prefix, ModuleNode node)
    {
        var (answer, sets) = IndexSolver.Solve(prefix, node.Path, node.ListLengths());
        if (answer is not (IndexAnswer.All or IndexAnswer.Some)) return [PatternAdvice.Shown(node.Path)];
        var matched = new SelectedLayer(node, isReachable: true);
        matched.Add(sets);
        return matched.Paths().Select(PatternAdvice.Shown);
    }
}
