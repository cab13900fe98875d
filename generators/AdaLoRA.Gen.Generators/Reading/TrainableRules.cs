using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Patterns of <c>Trainable</c> that meet a target: the run refuses to train a weight that an adapter stands over.</summary>
internal static class TrainableRules
{
    public static void Check(AdapterAttribute attribute, ModuleNode root, TargetSelection selection, List<Finding> findings)
    {
        var texts = attribute.Texts("Trainable");
        if (texts.Count == 0) return;
        var targets = selection.Chosen.SelectMany(l => l.Paths()).ToList();
        for (int i = 0; i < texts.Count; i++)
        {
            var pattern = PathPattern.Parse(texts[i] ?? "");
            foreach (var alternative in pattern.Alternatives)
            {
                var met = targets.FindAll(path => Trains(alternative.Text, path));
                if (met.Count == 0) continue;
                var part = pattern.PartOf(alternative) is { Length: > 0 } inBraces ? inBraces : alternative.SourceOf(0, alternative.Text.Length);
                string shown = $"'{PatternAdvice.Shown(met[0])}'" + (met.Count > 1 ? $" and {Number.Of(met.Count - 1, "other target")}" : "");
                var finding = new Finding(Rules.AdaptedAndTrained, FindingPlace.InPattern(attribute, "Trainable", i, part), alternative.Text, shown)
                {
                    // Only where nothing else would stop being trained.
                    Removal = pattern.Alternatives.Count == 1 && MatchesOnlyTargets(alternative.Text, root, selection) ? Removal.Element : Removal.None,
                };
                if (!findings.Exists(f => f.Rule == finding.Rule && f.Place == finding.Place)) findings.Add(finding);
            }
        }
    }

    /// <summary>Whether the pattern names the layer, a module around it, or its weight; of a list of unknown length for every index.</summary>
    private static bool Trains(string alternative, string path)
    {
        if (PatternMatcher.MatchesAnyIndex(alternative, path + ".weight")) return true;
        for (int end = path.Length; end > 0; end = path.LastIndexOf('.', end - 1))
            if (PatternMatcher.MatchesAnyIndex(alternative, path.Substring(0, end))) return true;
        return false;
    }

    private static bool MatchesOnlyTargets(string alternative, ModuleNode root, TargetSelection selection)
    {
        if (selection.Residuals.Count > 0) return false;
        var whole = new HashSet<ModuleNode>(selection.Chosen.Where(l => l.Sets.Count == 0).Select(l => l.Node));
        return root.Descendants().All(n => whole.Contains(n) || !IndexSolver.CanMatch(alternative, n));
    }
}
