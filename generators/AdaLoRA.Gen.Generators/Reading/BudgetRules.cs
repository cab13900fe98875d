using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Rules on <c>Budget</c>, and on <c>Rank</c> where the adapters are plain LoRA.</summary>
internal static class BudgetRules
{
    public static void Check(AdapterAttribute attribute, TargetSelection selection, List<Finding> findings)
    {
        if (attribute.IsLoRA) CheckPresent(attribute, "Rank", "LoRA", ": every target starts and ends with it", findings);
        else if (!attribute.UsesLoRA) CheckPresent(attribute, "Budget", "AdaLoRA", ": it is the number of triplets kept over all targets", findings);
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
        if (budget < 1 || rank < 1 || selection.Count() is not (> 0 and var targets)) return;
        long start = (long)rank * targets;
        if (budget >= start) findings.Add(new Finding(Rules.BudgetRemovesNothing, FindingPlace.OnArgument(attribute, "Budget"), budget, start, targets, rank));
    }
}
