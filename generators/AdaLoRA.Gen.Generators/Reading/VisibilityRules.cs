using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Tells of patterns that are left to the run, and why.</summary>
internal static class VisibilityRules
{
    /// <param name="attribute">Where the pattern stands.</param>
    /// <param name="element">Its place in <c>Targets</c>.</param>
    /// <param name="pattern">The pattern.</param>
    /// <param name="unseen">Those of its alternatives that are left to the run.</param>
    /// <param name="nodes">The root, and everything below it.</param>
    /// <param name="modelName">What the root is called.</param>
    /// <param name="selection">The layers, and whether generated code reaches them.</param>
    public static IEnumerable<Finding> Check(AdapterAttribute attribute, int element, PathPattern pattern, List<PatternAlternative> unseen, IReadOnlyList<ModuleNode> nodes, string modelName, TargetSelection selection)
    {
        bool all = unseen.Count == pattern.Alternatives.Count;
        foreach (var alternative in unseen.Take(all ? 1 : unseen.Count))
        {
            var part = all ? (0, pattern.Text.Length) : alternative.SourceOf(0, alternative.Text.Length);
            if (Reason(alternative.Text, nodes, modelName, selection) is { } reason)
                yield return new Finding(Rules.Invisible, FindingPlace.InPattern(attribute, "Targets", element, part), all ? pattern.Text : alternative.Text, reason);
        }
    }

    /// <summary>Whether a module that nothing here shows could match: one below the node, or what stands in the place of the node itself.</summary>
    public static bool MayMatchHidden(string alternative, ModuleNode node) => node.MayHoldMore
        && (PatternMatcher.CanReachBelow(alternative, node.Path) || (node.Kind == NodeKind.Opaque && PatternMatcher.CanMatch(alternative, node.Path)));

    /// <returns>Null where a class does not compile yet: that is said by the compiler.</returns>
    private static string? Reason(string alternative, IReadOnlyList<ModuleNode> nodes, string modelName, TargetSelection selection)
    {
        var hiding = nodes.Where(n => MayMatchHidden(alternative, n)).ToList();
        if (hiding.Count > 0)
        {
            hiding.RemoveAll(n => n.Type?.TypeKind == TypeKind.Error);
            if (hiding.Count == 0) return null;
            string others = hiding.Count switch
            {
                1 => "",
                2 => " (or of another module)",
                _ => string.Format(CultureInfo.InvariantCulture, " (or of {0} other modules)", hiding.Count - 1),
            };
            var first = hiding[0];
            string name = first.Path.Length == 0 ? modelName : PatternAdvice.Shown(first.Path);
            return first.Kind == NodeKind.Opaque && PatternMatcher.CanMatch(alternative, first.Path)
                ? $"may match '{name}', or a module below it{others}, which the compiler cannot see"
                : $"may match a module below '{name}'{others} that the compiler cannot see";
        }
        var unreachable = selection.Layers.FirstOrDefault(l => !l.IsReachable && IndexSolver.CanMatch(alternative, l.Node));
        return unreachable is not null
            ? $"matches '{PatternAdvice.Shown(unreachable.Node.Path)}', which generated code cannot name"
            : "selects items of a list by an index that only the run knows";
    }
}
