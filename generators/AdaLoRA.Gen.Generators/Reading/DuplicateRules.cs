using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>
/// Patterns of <c>Targets</c> that add nothing. Only what is certain: a pattern that stands there already, or one of which each match is seen and was matched before. A pattern that adds
/// something is right, whatever it shares with others; so is a range of which some numbers do.
/// </summary>
internal static class DuplicateRules
{
    private const int MostNames = 3;

    public static void Check(AdapterAttribute attribute, TargetSelection selection, List<Finding> findings)
    {
        if (selection.IsBroken) return;
        var patterns = selection.Uses.GroupBy(u => u.Element).Select(g => g.ToList()).ToList();
        for (int i = 0; i < patterns.Count; i++)
        {
            var uses = patterns[i];
            var pattern = uses[0].Pattern;
            if (patterns.Take(i).Any(p => p[0].Pattern.Text == pattern.Text)) Report(uses[0], (0, pattern.Text.Length), pattern.Text, $"'{pattern.Text}'", "matches", Removal.Element);
            else if (uses.TrueForAll(u => u.AddsNothing)) ReportUses(uses, (0, pattern.Text.Length), pattern.Text, Removal.Element);
            else CheckAlternatives(uses);
        }

        void ReportUses(List<AlternativeUse> uses, (int, int) part, string shown, Removal removal)
        {
            var layers = uses.SelectMany(u => u.Layers).ToList();
            var before = selection.Uses.TakeWhile(u => u != uses[0]).Where(u => u.Layers.Any(layers.Contains)).ToList();
            if (before.Find(u => layers.TrueForAll(l => IndexSolver.Solve(u.Alternative.Text, l.Node.Path, l.Node.ListLengths()).Answer == IndexAnswer.All)) is { } alone) before = [alone];
            var others = before.Select(u => $"'{u.Alternative.Text}'").Distinct().ToList();
            string names = string.Join(", ", others.Take(MostNames)) + (others.Count > MostNames ? " and others" : "");
            Report(uses[0], part, shown, names, others.Count == 1 ? "matches" : "match", removal);
        }

        // In a pattern of several groups an alternative has no characters of its own.
        void CheckAlternatives(List<AlternativeUse> uses)
        {
            foreach (var part in uses.GroupBy(u => u.Pattern.PartOf(u.Alternative)))
                if (part.Key.Length > 0 && part.All(u => u.AddsNothing))
                    ReportUses([.. part], part.Key, uses[0].Pattern.Text.Substring(part.Key.Start, part.Key.Length), Removal.Alternative);
        }

        void Report(AlternativeUse use, (int, int) part, string shown, string others, string match, Removal removal) =>
            findings.Add(new Finding(Rules.NamedTwice, FindingPlace.InPattern(attribute, "Targets", use.Element, part), shown, others, match) { Removal = removal });
    }
}
