using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Options whose value is out of range on its own. The words are those of <c>AdaLoRAOptionsRules</c>, which states the same ranges at run time; a test holds the two together.</summary>
internal static class RangeRules
{
    public const double DefaultBeta = 0.85;
    public const double DefaultOrthogonalWeight = 0.1;

    public static void Check(AdapterAttribute attribute, List<Finding> findings)
    {
        if (!attribute.IsLoRA)
        {
            int rank = attribute.Int("InitialRank");
            Rule(rank >= 0, "InitialRank", Number.Text(rank), "at least 1, or 0 to let the budget decide", "0");
        }
        double alpha = attribute.Double("Alpha", 0), dropout = attribute.Double("Dropout", 0);
        Rule(Number.IsFinite(alpha) && alpha >= 0, "Alpha", Number.Text(alpha), "positive, or 0 for the default", "0");
        Rule(dropout is >= 0 and < 1, "Dropout", Number.Text(dropout), "at least 0 and below 1", "0");
        foreach (var (name, type, value) in attribute.Enumerations()) CheckEnumeration(attribute, name, type, value, findings);
        if (attribute.UsesLoRA) return;

        double weight = attribute.Double("OrthogonalWeight", DefaultOrthogonalWeight);
        Rule(Number.IsFinite(weight) && weight >= 0, "OrthogonalWeight", Number.Text(weight), "at least 0", Number.IsFinite(weight) ? "0" : Number.Text(DefaultOrthogonalWeight));
        int interval = attribute.Int("Interval", 1);
        if (interval < 1) findings.Add(new Finding(Rules.IntervalTooSmall, FindingPlace.OnArgument(attribute, "Interval"), interval) { Replacement = "1" });
        foreach (string name in new[] { "Beta1", "Beta2" })
        {
            double beta = attribute.Double(name, DefaultBeta);
            if (beta is > 0 and < 1) continue;
            findings.Add(new Finding(Rules.BetaOutOfRange, FindingPlace.OnArgument(attribute, name), name, Number.Text(beta)) { Replacement = Number.Text(DefaultBeta) });
        }

        void Rule(bool holds, string argument, string value, string range, string replacement)
        {
            if (!holds) findings.Add(new Finding(Rules.OutOfRange, FindingPlace.OnArgument(attribute, argument), argument, value, range) { Replacement = replacement });
        }
    }

    /// <summary>With plain LoRA the run does not look at what only an allocation uses.</summary>
    private static void CheckEnumeration(AdapterAttribute attribute, string name, INamedTypeSymbol type, int value, List<Finding> findings)
    {
        var members = type.GetMembers().OfType<IFieldSymbol>().Where(m => m.HasConstantValue).ToList();
        if (members.Exists(m => m.ConstantValue is int defined && defined == value) || (attribute.UsesLoRA && name is "Score" or "BudgetUnit")) return;
        string names = string.Join(", ", members.Take(members.Count - 1).Select(m => m.Name)) + " or " + members[members.Count - 1].Name;
        findings.Add(new Finding(Rules.OutOfRange, FindingPlace.OnArgument(attribute, name), name, value.ToString(CultureInfo.InvariantCulture), names) { Removal = Removal.Argument });
    }
}
