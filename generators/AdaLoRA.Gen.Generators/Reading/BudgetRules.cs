using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Rules on <c>Budget</c>, and on <c>Rank</c> where the adapters are plain LoRA.</summary>
internal static class BudgetRules
{
    /// <summary>What a fix proposes where nothing is stated: the mean final rank of the design's measurements, and PEFT's rank of plain LoRA.</summary>
    private const int ProposedMeanRank = 2, ProposedRank = 8;

    /// <summary>Initial rank ÷ mean final rank, the run time's default.</summary>
    private const int InitialOverFinal = 4;

    public static void Check(AdapterAttribute attribute, TargetSelection selection, List<Finding> findings)
    {
        if (attribute.IsLoRA) CheckPresent(attribute, "Rank", "LoRA", ": every target starts and ends with it", () => SmallestSide(selection), findings);
        else if (!attribute.UsesLoRA) CheckPresent(attribute, "Budget", "AdaLoRA", $": it is the number of {Unit(attribute)}s kept over all targets", () => ProposedBudget(attribute, selection), findings);
        else if (attribute.Int("InitialRank") == 0 && !attribute.IsBroken("InitialRank")) CheckPresent(attribute, "Budget", "LoRA", ", or set InitialRank", () => null, findings);
        if (attribute.UsesLoRA || attribute.Int("Budget") < 1 || attribute.IsBroken("BudgetUnit")) return;
        CheckPays(attribute, selection, findings);
        CheckRemoves(attribute, selection, findings);
    }

    private static void CheckPresent(AdapterAttribute attribute, string argument, string method, string meaning, Func<decimal?> propose, List<Finding> findings)
    {
        int value = attribute.Int(argument);
        if (value >= 1 || attribute.IsBroken(argument)) return;
        string stated = attribute.States(argument) ? Number.Text(value) : "missing";
        findings.Add(new Finding(Rules.BudgetMissing, FindingPlace.OnArgument(attribute, argument), argument, method, stated, meaning)
        {
            Statement = propose() is { } proposed and >= 1 and <= int.MaxValue ? (argument, Number.Text((int)proposed)) : null,
        });
    }

    private static void CheckPays(AdapterAttribute attribute, TargetSelection selection, List<Finding> findings)
    {
        if (!attribute.CountsParameters || selection.IsBroken || selection.Residuals.Count > 0) return;
        var nodes = selection.Chosen.Select(l => l.Node).ToList();
        if (nodes.Count == 0 || nodes.Exists(n => n is not { InFeatures: > 0, OutFeatures: > 0 })) return;
        var cheapest = nodes.OrderBy(Cost).First();
        int budget = attribute.Int("Budget");
        if (budget >= Cost(cheapest)) return;
        findings.Add(new Finding(Rules.BudgetPaysForNothing, FindingPlace.OnArgument(attribute, "Budget"), budget, PatternAdvice.Shown(cheapest.Path), Cost(cheapest))
        {
            Replacement = Cost(cheapest) <= int.MaxValue ? Number.Text((int)Cost(cheapest)) : null,
        });
    }

    private static void CheckRemoves(AdapterAttribute attribute, TargetSelection selection, List<Finding> findings)
    {
        int budget = attribute.Int("Budget"), rank = attribute.Int("InitialRank");
        if (rank < 1 || selection.Matrices() is not { Count: > 0 } matrices) return;
        if (Cost(attribute, matrices, _ => rank) is not { } start || budget < start) return;
        var lower = ProposedBudget(attribute, selection);
        findings.Add(new Finding(Rules.BudgetRemovesNothing, FindingPlace.OnArgument(attribute, "Budget"),
            budget, Number.Of(start, Unit(attribute)), Number.Of(matrices.Count, "target"), rank, matrices.Count == 1 ? "starts" : "start")
        {
            // Minima could stand against it.
            Replacement = lower < start && !attribute.States("RankLimits") ? Number.Text((int)lower) : null,
        });
    }

    /// <summary>A budget that suits the targets: a quarter of what a stated rank starts with, else the mean rank of the measurements. Null where they are not all seen.</summary>
    private static decimal? ProposedBudget(AdapterAttribute attribute, TargetSelection selection)
    {
        if (attribute.IsBroken("BudgetUnit") || selection.Matrices() is not { Count: > 0 } matrices) return null;
        int rank = attribute.Int("InitialRank");
        var proposed = Cost(attribute, matrices, _ => rank > 0 ? rank : InitialOverFinal * ProposedMeanRank) / InitialOverFinal;
        var least = attribute.CountsParameters ? matrices.Min(m => Cost(m.Node)) : 1;
        return proposed is null ? null : decimal.Floor(Math.Max(proposed.Value, least));
    }

    /// <summary>The rank that the run time derives where none is stated; null where something that matters is not seen.</summary>
    public static int? InitialRank(AdapterAttribute attribute, TargetSelection selection)
    {
        int budget = attribute.Int("Budget");
        if (budget < 1 || attribute.IsBroken("BudgetUnit") || attribute.IsBroken("InitialRank") || selection.Matrices() is not { Count: > 0 } matrices) return null;
        int side = matrices.Min(m => Math.Min(m.Node.InFeatures, m.Node.OutFeatures));
        return side < 1 || Cost(attribute, matrices, _ => 1) is not { } unit ? null : (int)Math.Min(InitialOverFinal * decimal.Ceiling(budget / unit), side);
    }

    private static decimal? SmallestSide(TargetSelection selection)
    {
        if (selection.Matrices() is not { Count: > 0 } matrices) return null;
        int side = matrices.Min(m => Math.Min(m.Node.InFeatures, m.Node.OutFeatures));
        return side < 1 ? null : Math.Min(side, ProposedRank);
    }

    /// <summary>What the budget counts, for messages: one of it.</summary>
    public static string Unit(AdapterAttribute attribute) => attribute.CountsParameters ? "parameter" : "triplet";

    /// <summary>What ranks cost in the budget's unit: a triplet is one, or in + out + 1 parameters; null where a size that matters is not known.</summary>
    public static decimal? Cost(AdapterAttribute attribute, IReadOnlyList<(string Path, ModuleNode Node)> matrices, Func<string, int> rankOf)
    {
        decimal total = 0;
        foreach (var (path, node) in matrices)
        {
            int rank = rankOf(path);
            if (rank > 0 && attribute.CountsParameters && node is not { InFeatures: > 0, OutFeatures: > 0 }) return null;
            total += (decimal)rank * (attribute.CountsParameters ? Cost(node) : 1);
        }
        return total;
    }

    /// <summary>Parameters in one triplet.</summary>
    private static decimal Cost(ModuleNode node) => (decimal)node.InFeatures + node.OutFeatures + 1;
}
