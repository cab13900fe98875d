using System.Text.Json;
using AdaLoRA.Gen.Benchmarks.Compiling;
using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Reporting;

/// <summary>One JSON object a line: one a bar, then a summary.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(TextWriter output, Report report)
    {
        foreach (var v in report.Verdicts) Line(output, Rounded(v));
        Line(output, new
        {
            Summary = true,
            report.Ok,
            report.Agreement,
            Machine = Machine.Describe(),
            Variants = report.Measurements.SelectMany(m => m.Summaries()).Select(s => s with { Ms = Round(s.Ms), UpdateMs = Round(s.UpdateMs), UpdateShare = Round(s.UpdateShare) }),
        });
    }

    public static void Write(TextWriter output, LeakReport report) => Line(output, report with { GrowthMB = Round(report.GrowthMB) });

    public static void Write(TextWriter output, CompileReport report)
    {
        foreach (var v in report.Verdicts) Line(output, Rounded(v));
        Line(output, new { Summary = true, report.Ok, Machine = Machine.Describe(), Costs = report.Costs.Select(c => c with { Ms = Round(c.Ms) }) });
    }

    private static Verdict Rounded(Verdict v) => v with { Value = Round(v.Value), Low = Round(v.Low), High = Round(v.High) };

    private static void Line<T>(TextWriter output, T value) => output.WriteLine(JsonSerializer.Serialize(value, Options));

    private static double Round(double value) => Math.Round(value, 4);
}
