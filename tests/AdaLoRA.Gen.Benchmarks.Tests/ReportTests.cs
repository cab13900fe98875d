using System.Text.Json;
using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;

namespace AdaLoRA.Gen.Benchmarks.Tests;

public class ReportTests
{
    private static readonly Verdict Holds = Verdict.AtMost("h128x16-1t ours/theirs", new Interval(0.31234, 0.3, 0.32), 0.32, 210);
    private static readonly Verdict Missed = Verdict.AtLeast("minilm samples/s", new Interval(0.8, 0.7, 0.9), 0.81, 14, note: "why");
    private static readonly Verdict Skipped = Holds.Skipped("one core");

    [Fact]
    public void Verdicts_look_at_the_right_side_of_the_bound()
    {
        Assert.True(Holds.Ok);
        Assert.False(Missed.Ok);
        Assert.True(Verdict.AtMost("", new Interval(1, 1, 1), 1, 1).Ok);
        Assert.True(Verdict.AtLeast("", new Interval(1, 1, 1), 1, 1).Ok);
        Assert.False(Verdict.AtMost("", new Interval(double.NaN, 0, 0), 1, 1).Ok);
        Assert.False(Verdict.AtLeast("", new Interval(double.NaN, 0, 0), 1, 1).Ok);
    }

    [Fact]
    public void Json_has_a_line_a_bar_and_a_summary()
    {
        var lines = Lines(Report(Holds, Missed, Skipped));
        Assert.Equal(4, lines.Length);
        var first = lines[0];
        Assert.Equal("h128x16-1t ours/theirs", first.GetProperty("name").GetString());
        Assert.Equal(0.3123, first.GetProperty("value").GetDouble());
        Assert.Equal(0.3, first.GetProperty("low").GetDouble());
        Assert.Equal(0.32, first.GetProperty("high").GetDouble());
        Assert.Equal(0.32, first.GetProperty("bar").GetDouble());
        Assert.Equal("atMost", first.GetProperty("sense").GetString());
        Assert.True(first.GetProperty("ok").GetBoolean());
        Assert.Equal("atLeast", lines[1].GetProperty("sense").GetString());
        Assert.False(lines[1].GetProperty("ok").GetBoolean());
        Assert.Equal(JsonValueKind.Null, lines[2].GetProperty("ok").ValueKind);
        Assert.Equal("one core", lines[2].GetProperty("note").GetString());
        var summary = lines[3];
        Assert.True(summary.GetProperty("summary").GetBoolean());
        Assert.False(summary.GetProperty("ok").GetBoolean());
        Assert.Equal("minilm samples/s", Assert.Single(summary.GetProperty("missed").EnumerateArray()).GetString());
        Assert.Equal(1, summary.GetProperty("skipped").GetArrayLength());
        Assert.Equal(1.2346, summary.GetProperty("tables")[0].GetProperty("rows")[0][1].GetDouble());
    }

    [Fact]
    public void A_failed_measurement_fails_the_run_and_still_is_json()
    {
        var report = Report(Verdict.Failed("leak live tensors", "exit code 134"));
        Assert.False(report.Ok);
        Assert.Equal("exit code 134", Lines(report)[0].GetProperty("note").GetString());
    }

    [Fact]
    public void A_skipped_bar_does_not_fail_the_run()
    {
        Assert.True(Report(Holds, Skipped).Ok);
        Assert.False(Report(Holds, Missed).Ok);
        Assert.False((Report(Holds) with { Agreement = new Agreement(false, 1, 0, "other triplets") }).Ok);
    }

    [Fact]
    public void The_text_names_every_bar_with_its_verdict()
    {
        var text = new StringWriter();
        TextReport.Write(text, Report(Holds, Missed, Skipped));
        Assert.Matches("(?m)^ *h128x16-1t ours/theirs .*≤ 0.3200 +holds", text.ToString());
        Assert.Matches("(?m)^ *minilm samples/s .*≥ 0.8100 +MISSED", text.ToString());
        Assert.Contains("1 of 3 bars hold, 1 missed, 1 skipped", text.ToString(), StringComparison.Ordinal);
    }

    private static Report Report(params Verdict[] verdicts) =>
        new(new Agreement(true, 1e-5, 96, ""), "cpu", verdicts, [new Table("a table", ["", "ms"], [["ours", 1.23456]])], TimeSpan.FromSeconds(5));

    private static JsonElement[] Lines(Report report)
    {
        var text = new StringWriter();
        JsonReport.Write(text, report);
        return [.. text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
    }
}
