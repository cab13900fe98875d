using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>The rank against the sizes of the targets, where the source states them.</summary>
internal static class RankRules
{
    private const int MostNames = 3;

    public static void Check(AdapterAttribute attribute, TargetSelection selection, List<Finding> findings)
    {
        int rank = attribute.Int(attribute.RankArgument);
        var tooSmall = selection.Layers
            .Where(l => (l.IsChosen || l.IsSeen) && l.Node is { InFeatures: > 0, OutFeatures: > 0 } && Side(l.Node) < rank)
            .Select(l => l.Node)
            .OrderBy(Side)
            .ToList();
        if (tooSmall.Count == 0) return;
        string names = string.Join(", ", tooSmall.Take(MostNames).Select(n => $"'{PatternAdvice.Shown(n.Path)}' ({n.InFeatures} × {n.OutFeatures})"))
            + (tooSmall.Count > MostNames ? $" and {tooSmall.Count - MostNames} more" : "");
        string limit = Number.Text(Side(tooSmall[0]));
        findings.Add(new Finding(Rules.RankTooLarge, FindingPlace.OnArgument(attribute, attribute.RankArgument), attribute.RankArgument, rank, names, limit) { Replacement = limit });
    }

    private static int Side(ModuleNode node) => Math.Min(node.InFeatures, node.OutFeatures);
}
