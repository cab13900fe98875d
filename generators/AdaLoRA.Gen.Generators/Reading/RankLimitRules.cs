using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Rules on <c>RankLimits</c>. Plain LoRA allocates nothing, so there they mean nothing.</summary>
internal static class RankLimitRules
{
    private const string Argument = "RankLimits";

    public static void Check(AdapterAttribute attribute, string modelName, ModuleNode root, TargetReader reader, TargetSelection selection, List<Finding> findings)
    {
        if (attribute.UsesLoRA) return;
        var broken = new List<Finding>();
        var limits = new List<RankLimit>();
        var texts = attribute.Texts(Argument);
        for (int i = 0; i < texts.Count; i++)
        {
            if (texts[i] is not { } text) continue;
            var limit = RankLimit.Parse(text);
            limits.Add(limit);
            if (limit.Fault is { } fault)
                broken.Add(Finding(attribute, text, i, (fault.Start, fault.Length), fault.Sentence, fault.Replacement));
            else if (!selection.IsBroken && limit.Pattern.Alternatives.Where(a => !MatchesTarget(a, reader, selection)).ToList() is { Count: > 0 } missing)
                ReportNothing(attribute, modelName, root, selection, limit, missing, i, broken);
            else
                CheckMinimum(attribute, selection, limit, i, broken);
        }
        if (broken.Count == 0 && limits.Count == texts.Count) CheckShadowed(attribute, selection, limits, broken);
        if (broken.Count == 0 && limits.Count > 0) CheckMinima(attribute, selection, limits, broken);
        findings.AddRange(broken);
    }

    private static bool MatchesTarget(PatternAlternative alternative, TargetReader reader, TargetSelection selection) =>
        selection.Layers.Any(l => (l.IsChosen && l.Paths().Exists(path => PatternMatcher.CanMatch(alternative.Text, path))) || (l.IsSeen && IndexSolver.CanMatch(alternative.Text, l.Node)))
        || (selection.Residuals.Count > 0 && reader.MayReachUnseen(alternative.Text));

    private static void ReportNothing(AdapterAttribute attribute, string modelName, ModuleNode root, TargetSelection selection, RankLimit limit, List<PatternAlternative> missing, int element, List<Finding> broken)
    {
        var targets = new HashSet<ModuleNode>(selection.Layers.Where(l => l.IsChosen || l.IsSeen).Select(l => l.Node));
        foreach (var alternative in missing)
        {
            bool isLayer = selection.Layers.Any(l => IndexSolver.CanMatch(alternative.Text, l.Node)), isWhole = limit.Pattern.Alternatives.Count == 1;
            var advice = !isLayer ? PatternAdvice.For(alternative, root, targets.Contains)
                : new PatternAdvice(0, alternative.Text.Length, $"no pattern of Targets matches {(isWhole ? "what it names" : $"'{alternative.Text}'")}; add one, or remove {(isWhole ? "the limit" : "it")}", null);
            var (start, length) = isLayer && limit.Pattern.PartOf(alternative) is { Length: > 0 } part ? part : alternative.SourceOf(advice.Start, advice.End);
            var finding = Finding(attribute, limit.Text, element, (limit.PatternStart + start, length), $"matches no target of {modelName}: {advice.Sentence}", advice.Replacement);
            if (!broken.Exists(f => f.Place == finding.Place)) broken.Add(finding);
        }
    }

    private static Finding Finding(AdapterAttribute attribute, string text, int element, (int Start, int Length) part, string sentence, string? replacement) =>
        new(Rules.RankLimitUnreadable, FindingPlace.InPattern(attribute, Argument, element, part), text, sentence) { Replacement = replacement };

    private static void CheckMinimum(AdapterAttribute attribute, TargetSelection selection, RankLimit limit, int element, List<Finding> broken)
    {
        int stated = attribute.Int("InitialRank");
        if (stated < 0 || (stated == 0 ? BudgetRules.InitialRank(attribute, selection) : stated) is not { } rank || limit.Minimum <= rank) return;
        string remedy = stated > 0 ? $"InitialRank {Number.Text(rank)}; raise InitialRank" : $"the rank {Number.Text(rank)} that Budget and the smallest side give; set InitialRank, raise Budget";
        broken.Add(new Finding(Rules.RankLimitsUnsatisfiable, FindingPlace.InPattern(attribute, Argument, element, limit.MinimumPart),
            $"'{limit.Text}' wants at least {Number.Text(limit.Minimum)} triplets, but every target starts with {remedy} or lower the limit")
        {
            Replacement = Number.Text(rank),
        });
    }

    /// <summary>Entries of which every target is matched again later; only where every target is seen. Called where all of them can be read.</summary>
    private static void CheckShadowed(AdapterAttribute attribute, TargetSelection selection, List<RankLimit> limits, List<Finding> broken)
    {
        if (limits.Count < 2 || selection.IsBroken || selection.Residuals.Count > 0) return;
        var paths = selection.Chosen.SelectMany(l => l.Paths()).ToList();
        for (int i = 0; i < limits.Count - 1; i++)
        {
            var matched = paths.FindAll(path => limits[i].Pattern.Alternatives.Any(a => PatternMatcher.CanMatch(a.Text, path)));
            var last = matched.ConvertAll(path => limits.FindLastIndex(l => l.Pattern.Alternatives.Any(a => PatternMatcher.MatchesAnyIndex(a.Text, path))));
            if (last.Count == 0 || last.Exists(l => l <= i)) continue;
            var later = last.Distinct().OrderBy(l => l).Select(l => $"'{limits[l].Text}'").ToList();
            string text = limits[i].Text;
            broken.Add(new Finding(Rules.RankLimitShadowed, FindingPlace.InPattern(attribute, Argument, i, (0, text.Length)), text, string.Join(" and ", later), later.Count == 1 ? "matches" : "match")
            {
                Removal = Removal.Element,
            });
        }
    }

    /// <summary>The minima of all targets together against the budget, in its unit. Where several limits match a target, the last one counts.</summary>
    private static void CheckMinima(AdapterAttribute attribute, TargetSelection selection, List<RankLimit> limits, List<Finding> broken)
    {
        int budget = attribute.Int("Budget");
        if (budget < 1 || attribute.IsBroken("BudgetUnit") || selection.Matrices() is not { } matrices) return;
        if (BudgetRules.Cost(attribute, matrices, MinimumOf) is not { } needed || needed <= budget) return;
        broken.Add(new Finding(Rules.RankLimitsUnsatisfiable, FindingPlace.OnArgument(attribute, "Budget"),
            $"the minima need {needed.ToString(CultureInfo.InvariantCulture)} {BudgetRules.Unit(attribute)}s, but Budget is {Number.Text(budget)}; raise it or lower them")
        {
            Replacement = needed <= int.MaxValue ? needed.ToString(CultureInfo.InvariantCulture) : null,
        });

        int MinimumOf(string path) => limits.FindLast(l => l.Pattern.Alternatives.Any(a => PatternMatcher.CanMatch(a.Text, path)))?.Minimum ?? 0;
    }
}
