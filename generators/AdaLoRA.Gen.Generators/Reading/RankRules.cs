using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>The rank against the sizes of the targets, where the source states them.</summary>
internal static class RankRules
{
    public static void Check(AdapterAttribute attribute, TargetSelection selection, List<Finding> findings)
    {
        int rank = attribute.Int(attribute.RankArgument);
        if (rank < 1) return;
        var smallest = selection.Layers
            .Where(l => (l.IsChosen || l.IsSeen) && l.Node is { InFeatures: > 0, OutFeatures: > 0 })
            .Select(l => l.Node)
            .OrderBy(n => Math.Min(n.InFeatures, n.OutFeatures))
            .FirstOrDefault();
        if (smallest is null) return;
        int limit = Math.Min(smallest.InFeatures, smallest.OutFeatures);
        if (rank <= limit) return;
        findings.Add(new Finding(Rules.RankTooLarge, FindingPlace.OnArgument(attribute, attribute.RankArgument),
            attribute.RankArgument, rank, PatternAdvice.Shown(smallest.Path), smallest.InFeatures, smallest.OutFeatures, limit)
        {
            Replacement = limit.ToString(CultureInfo.InvariantCulture),
        });
    }
}
