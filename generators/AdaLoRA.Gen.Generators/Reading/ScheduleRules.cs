using System.Globalization;
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
        if (first is not (>= 0 and < 1) || last is not (>= 0 and < 1) || first + last < 1) return;
        findings.Add(new Finding(Rules.NoBudgetingPhase, FindingPlace.OnArgument(attribute, LaterArgument(attribute)), Text(first), Text(last)));
    }

    private static string LaterArgument(AdapterAttribute attribute) => attribute.Syntax?.ArgumentList?.Arguments
        .Select(a => a.NameEquals?.Name.Identifier.ValueText).LastOrDefault(n => n is "InitialWarmup" or "FinalWarmup") ?? "FinalWarmup";

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
