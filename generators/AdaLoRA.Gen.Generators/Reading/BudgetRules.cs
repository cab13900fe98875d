using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Rules on <c>Budget</c>, and on <c>Rank</c> where the adapters are plain LoRA.</summary>
internal static class BudgetRules
{
    public static void Check(AdapterAttribute attribute, TargetSelection selection, List<Finding> findings)
    {
        if (attribute.IsLoRA) CheckPresent(attribute, "Rank", "LoRA", ": every target starts and ends with it", findings);
        else if (!attribute.UsesLoRA) CheckPresent(attribute, "Budget", "AdaLoRA", $": it is the number of {Unit(attribute)} kept over all targets", findings);
        else if (attribute.Int("InitialRank") < 1 && !attribute.IsBroken("InitialRank")) CheckPresent(attribute, "Budget", "LoRA", ", or set InitialRank", findings);
        if (!attribute.UsesLoRA) CheckRemoves(attribute, selection, findings);
    }

    private static void CheckPresent(AdapterAttribute attribute, string argument, string method, string meaning, List<Finding> findings)
    {
        int value = attribute.Int(argument);
        if (value >= 1 || attribute.IsBroken(argument)) return;
        string stated = attribute.States(argument) ? value.ToString(CultureInfo.InvariantCulture) : "missing";
        findings.Add(new Finding(Rules.BudgetMissing, FindingPlace.OnArgument(attribute, argument), argument, method, stated, meaning));
    }

    private static void CheckRemoves(AdapterAttribute attribute, TargetSelection selection, List<Finding> findings)
    {
        int budget = attribute.Int("Budget"), rank = attribute.Int("InitialRank");
        if (budget < 1 || rank < 1 || attribute.IsBroken("BudgetUnit") || selection.Matrices() is not { Count: > 0 } matrices) return;
        if (Cost(attribute, matrices, _ => rank) is not { } start || budget < start) return;
        findings.Add(new Finding(Rules.BudgetRemovesNothing, FindingPlace.OnArgument(attribute, "Budget"), budget, start, matrices.Count, rank, Unit(attribute)));
    }

    /// <summary>What the budget counts, for messages.</summary>
    public static string Unit(AdapterAttribute attribute) => attribute.CountsParameters ? "parameters" : "triplets";

    /// <summary>What ranks cost in the budget's unit: a triplet is one, or in + out + 1 parameters; null where a size that matters is not known.</summary>
    public static decimal? Cost(AdapterAttribute attribute, IReadOnlyList<(string Path, ModuleNode Node)> matrices, Func<string, int> rankOf)
    {
        decimal total = 0;
        foreach (var (path, node) in matrices)
        {
            int rank = rankOf(path);
            if (rank > 0 && attribute.CountsParameters && node is not { InFeatures: > 0, OutFeatures: > 0 }) return null;
            total += (decimal)rank * (attribute.CountsParameters ? (decimal)node.InFeatures + node.OutFeatures + 1 : 1);
        }
        return total;
    }
}
