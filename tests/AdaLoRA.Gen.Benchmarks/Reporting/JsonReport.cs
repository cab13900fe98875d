using System.Text.Json;
using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Compiling;
using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Reporting;

/// <summary>One JSON object a line: one a bar, then a summary with <c>"summary": true</c>.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static void Write(TextWriter output, Report report)
    {
        foreach (var v in report.Verdicts) Line(output, Rounded(v));
        Line(output, new
        {
            Summary = true,
            report.Ok,
            Bars = report.Verdicts.Count,
            Missed = report.Verdicts.Where(v => v.Ok == false).Select(v => v.Name),
            Skipped = report.Verdicts.Where(v => v.Ok is null).Select(v => v.Name),
            report.Agreement,
            Machine = Machine.Describe(),
            report.Device,
            Seconds = Math.Round(report.Took.TotalSeconds),
            Tables = report.Tables.Select(t => new { t.Title, t.Columns, Rows = t.Rows.Select(r => r.Select(v => v is double d ? Round(d) : v)) }),
        });
    }

    public static void Write(TextWriter output, LeakReport report) => Line(output, report with { GrowthMB = Round(report.GrowthMB) });

    public static void Write(TextWriter output, CompileReport report)
    {
        foreach (var v in report.Verdicts) Line(output, Rounded(v));
        Line(output, new { Summary = true, report.Ok, Machine = Machine.Describe(), Costs = report.Costs.Select(c => c with { Ms = Round(c.Ms) }) });
    }

    private static Verdict Rounded(Verdict v) => v with { Value = Round(v.Value), Low = Round(v.Low), High = Round(v.High), Bar = Round(v.Bar) };

    private static void Line<T>(TextWriter output, T value) => output.WriteLine(JsonSerializer.Serialize(value, Options));

    private static double? Round(double? value) => value is { } v ? Round(v) : null;

    private static double Round(double value) => Math.Round(value, 4);
}
