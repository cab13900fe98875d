using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Options of <c>[AdaLoRA]</c> that mean nothing beside <c>Method = AdapterMethod.LoRA</c>. (<c>[LoRA]</c> does not have them.)</summary>
internal static class EffectRules
{
    private static readonly string[] s_ofAllocation = ["InitialWarmup", "FinalWarmup", "Interval", "Beta1", "Beta2", "OrthogonalWeight", "Score", "Fidelity", "RankLimits", "Compact"];

    public static void Check(AdapterAttribute attribute, List<Finding> findings)
    {
        if (attribute.IsLoRA || !attribute.UsesLoRA) return;
        foreach (string option in s_ofAllocation) Report(option, "plain LoRA, which allocates nothing");
        if (attribute.Int("InitialRank") < 1) return;
        foreach (string option in new[] { "Budget", "BudgetUnit" }) Report(option, "plain LoRA whose InitialRank is stated");

        void Report(string option, string method)
        {
            if (attribute.States(option) && !attribute.IsBroken(option))
                findings.Add(new Finding(Rules.NoEffect, FindingPlace.OnArgument(attribute, option), option, method) { Removal = Removal.Argument });
        }
    }
}
