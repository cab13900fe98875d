using System.Globalization;
using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Compiling;
using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Reporting;

/// <summary>The same for people.</summary>
internal static class TextReport
{
    public static void Write(TextWriter output, Report report)
    {
        var agreement = report.Agreement;
        output.WriteLine($"{Machine.Describe()}, device {report.Device}");
        output.WriteLine(agreement.Ok
            ? $"PEFT's operations and ours agree: the same triplets at every step, Λ and B to {agreement.LargestDifference:e1}."
            : $"No timing: {agreement.Problem}.");
        foreach (var table in report.Tables) Write(output, table);
        if (report.Verdicts.Count > 0) Write(output, report.Verdicts);
        output.WriteLine();
        int missed = report.Verdicts.Count(v => v.Ok == false), skipped = report.Verdicts.Count(v => v.Ok is null);
        output.WriteLine($"{report.Verdicts.Count - missed - skipped} of {report.Verdicts.Count} bars hold, {missed} missed, {skipped} skipped; {report.Took.TotalSeconds:F0} s.");
    }

    public static void Write(TextWriter output, LeakReport report)
    {
        output.WriteLine($"{report.Steps} steps: resident memory {report.GrowthMB:+0.00;-0.00} MB (allowed {report.AllowedMB:F0}), live tensors {report.LiveTensors}, at most {report.MostLiveTensors}, managed garbage {report.ManagedBytesPerStep / 1024.0:F1} KB a step: {(report.Ok ? "holds" : "MISSED")}");
    }

    public static void Write(TextWriter output, CompileReport report)
    {
        output.WriteLine(Machine.Describe());
        foreach (var c in report.Costs) output.WriteLine($"  {c.Shape,-24} {c.What,-30} {c.Ms,8:F2} ms {c.ManagedBytes / 1024.0,8:F0} KB");
        Write(output, report.Verdicts);
    }

    private static void Write(TextWriter output, IReadOnlyList<Verdict> verdicts)
    {
        string[][] rows =
        [
            ["bar", "measured", "95 % interval", "bound", "", "unit", "samples"],
            .. verdicts.Select(v => new[]
            {
                v.Name, Figure(v.Value), v.Low is null ? "" : $"{Figure(v.Low)} to {Figure(v.High)}", $"{(v.Sense == Sense.AtMost ? "≤" : "≥")} {Figure(v.Bar)}", v.Ok switch { true => "holds", false => "MISSED", null => "skipped" }, v.Unit,
                v.Samples.ToString(CultureInfo.InvariantCulture),
            }),
        ];
        output.WriteLine();
        Aligned(output, rows, lefts: [0, 4, 5]);
        foreach (var v in verdicts.Where(v => v.Note is not null)) output.WriteLine($"  {v.Name}: {v.Note}");
    }

    private static void Write(TextWriter output, Table table)
    {
        output.WriteLine();
        output.WriteLine(table.Title);
        Aligned(output, [[.. table.Columns], .. table.Rows.Select(r => r.Select(v => v is double d ? Figure(d) : Convert.ToString(v, CultureInfo.InvariantCulture)!).ToArray())], lefts: [0]);
    }

    private static void Aligned(TextWriter output, string[][] rows, int[] lefts)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(r => r[c].Length))];
        foreach (var row in rows) output.WriteLine("  " + string.Join("  ", row.Select((cell, c) => lefts.Contains(c) ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd());
    }

    /// <summary>Four significant digits, without an exponent.</summary>
    private static string Figure(double? value) => value switch
    {
        null => "",
        { } v when !double.IsFinite(v) => "-",
        { } v when v == 0 || Math.Abs(v) >= 1000 => v.ToString("F0", CultureInfo.InvariantCulture),
        { } v => v.ToString("F" + Math.Clamp(3 - (int)Math.Floor(Math.Log10(Math.Abs(v))), 0, 4).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
    };
}
