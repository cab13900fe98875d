using AdaLoRA.Gen.Benchmarks.Compiling;
using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Reporting;

/// <summary>The same for people.</summary>
internal static class TextReport
{
    public static void Write(TextWriter output, Report report)
    {
        var agreement = report.Agreement;
        output.WriteLine($"{Machine.Describe()}");
        output.WriteLine(agreement.Ok
            ? $"PEFT's operations and ours agree: the same triplets at every step, Λ to {agreement.LargestDifference:e1}."
            : $"No timing: {agreement.Problem}.");
        foreach (var measurement in report.Measurements)
        {
            output.WriteLine();
            output.WriteLine($"{measurement.Shape.Name}: hidden {measurement.Shape.Hidden}, {measurement.Shape.Tokens} tokens, {measurement.Shape.Targets} adapters, {measurement.Rounds} rounds");
            output.WriteLine($"  {"variant",-14} {"step ms",10} {"update ms",10} {"share",7} {"managed",10}");
            foreach (var s in measurement.Summaries().OrderBy(s => s.Ms))
            {
                output.WriteLine($"  {s.Variant,-14} {s.Ms,10:F2} {s.UpdateMs,10:F2} {s.UpdateShare,7:P1} {s.ManagedBytes / 1024.0,7:F0} KB");
            }
        }
        if (report.Verdicts.Count == 0) return;
        output.WriteLine();
        output.WriteLine($"{"ratio of step times",-46} {"median",7} {"95 % interval",15} {"bar",6}");
        foreach (var v in report.Verdicts)
        {
            output.WriteLine($"{v.Name,-46} {v.Value,7:F3} {v.Low,7:F3}–{v.High:F3} {v.Bar,8:F2}  {(v.Ok ? "holds" : v.Required ? "MISSED" : "not yet")}");
        }
    }

    public static void Write(TextWriter output, LeakReport report)
    {
        output.WriteLine($"{report.Steps} steps: resident memory {report.GrowthMB:+0.00;-0.00} MB (allowed {report.AllowedMB:F0}), live tensors {report.LiveTensors}, at most {report.MostLiveTensors}, managed garbage {report.ManagedBytesPerStep / 1024.0:F1} KB a step: {(report.Ok ? "holds" : "MISSED")}");
    }

    public static void Write(TextWriter output, CompileReport report)
    {
        output.WriteLine(Machine.Describe());
        foreach (var c in report.Costs) output.WriteLine($"  {c.Shape,-24} {c.What,-30} {c.Ms,8:F2} ms {c.ManagedBytes / 1024.0,8:F0} KB");
        output.WriteLine();
        foreach (var v in report.Verdicts) output.WriteLine($"{v.Name,-76} {v.Value,7:F3} {v.Low,7:F3}–{v.High:F3} {v.Bar,6:F2}  {(v.Ok ? "holds" : "MISSED")}");
    }
}
