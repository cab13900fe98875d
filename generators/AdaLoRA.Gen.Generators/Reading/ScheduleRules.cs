using AdaLoRA.Gen.Generators.Diagnostics;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Rules on the phases of a run. Whole steps can only be held against a run's length, so they are checked at run time.</summary>
internal static class ScheduleRules
{
    private const double DefaultInitialWarmup = 0.1;
    private const double DefaultFinalWarmup = 0.5;

    public static void Check(AdapterAttribute attribute, List<Finding> findings)
    {
        if (attribute.UsesLoRA || attribute.IsBroken("InitialWarmup") || attribute.IsBroken("FinalWarmup")) return;
        double first = attribute.Double("InitialWarmup", DefaultInitialWarmup), last = attribute.Double("FinalWarmup", DefaultFinalWarmup);
        CheckDuration(attribute, "InitialWarmup", first, DefaultInitialWarmup, findings);
        CheckDuration(attribute, "FinalWarmup", last, DefaultFinalWarmup, findings);
        if (first is not (>= 0 and < 1) || last is not (>= 0 and < 1) || first + last < 1) return;
        findings.Add(new Finding(Rules.NoBudgetingPhase, FindingPlace.OnArgument(attribute, LaterArgument(attribute)), Number.Text(first), Number.Text(last)));
    }

    private static void CheckDuration(AdapterAttribute attribute, string argument, double value, double otherwise, List<Finding> findings)
    {
        if (value >= 0 && (value < 1 || (value == Math.Floor(value) && value <= int.MaxValue))) return;
        double nearest = double.IsNaN(value) ? otherwise : Math.Min(Math.Max(Math.Round(value), 0), int.MaxValue);
        findings.Add(new Finding(Rules.OutOfRange, FindingPlace.OnArgument(attribute, argument), argument, Number.Text(value), "a fraction of the run below 1, or whole steps from 1 on")
        {
            Replacement = Number.Text(nearest),
        });
    }

    private static string LaterArgument(AdapterAttribute attribute) => attribute.Syntax?.ArgumentList?.Arguments
        .Select(a => a.NameEquals?.Name.Identifier.ValueText).LastOrDefault(n => n is "InitialWarmup" or "FinalWarmup") ?? "FinalWarmup";
}
