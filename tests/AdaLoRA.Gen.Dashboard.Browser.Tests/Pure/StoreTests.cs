using System.Text;
using System.Text.Json;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>The page's state of a run against <see cref="RunHistory"/>: the same events must leave the same readings.</summary>
[Collection(BrowserTests.Name)]
public class StoreTests(BrowserFixture browser, PastRunsFixture past)
{
    private const string Kept =
        """
        async ([events, times]) => {
            const { Run } = await import("./assets/store.js");
            const run = new Run();
            const all = JSON.parse(events);
            const start = performance.now();
            for (let i = 0; i < times; i++) for (const e of all) run.add(e);
            return JSON.stringify({ losses: run.losses.map(e => e.step), ranks: run.ranks.map(e => e.step), evaluations: run.evaluations.map(e => e.step),
                others: run.log.filter(e => e.type !== "evaluation").map(e => `${e.type} ${e.step}`), ended: run.ended?.state ?? null, milliseconds: performance.now() - start });
        }
        """;

    [Fact]
    public async Task A_resumed_run_withdraws_what_was_undone()
    {
        var start = RecordedRuns.Start("r", "n", 1, 2, "");
        await AssertSame([
            start, RecordedRuns.Ranks(0, 4, 4), .. Enumerable.Range(1, 25).Select(i => RecordedRuns.Loss(i, i)), RecordedRuns.Ranks(10, 4, 3), RecordedRuns.Ranks(22, 4, 0),
            Evaluation(20), Evaluation(24), new CheckpointRead { Step = 20, Folder = "c" }, new CheckpointRead { Step = 24, Folder = "d" }, new RunNotice { Step = 25, Text = "n" }, new RunPaused { Step = 25 },
            new RunEnded { Step = 25, State = RunState.Failed, Reason = "r" },
            start with { Step = 20 }, RecordedRuns.Loss(21, 1), new RunContinued { Step = 21 },
        ]);
    }

    [Fact]
    public async Task What_is_kept_is_bounded_as_in_the_history()
    {
        var start = RecordedRuns.Start("r", "n", 1, 2, "");
        var many = Enumerable.Range(1, 9_000).SelectMany(i => i % 4 == 0 ? new TrainingEvent[] { RecordedRuns.Loss(i, i), RecordedRuns.Ranks(i, 4, 4), Evaluation(i), new RunNotice { Step = i, Text = "n" } } : [RecordedRuns.Loss(i, i)]);
        await AssertSame([start, .. many]);
    }

    [Fact]
    public async Task A_stream_of_hours_costs_neither_memory_nor_time()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.Url);
        var events = Enumerable.Range(1, 1000).Select(i => (TrainingEvent)RecordedRuns.Loss(i, i));
        var kept = await Read(page, events, times: 300);
        Assert.InRange(kept.GetProperty("losses").GetArrayLength(), 2000, 4096);
        // 300,000 events: sixteen hours of five a second.
        Assert.True(kept.GetProperty("milliseconds").GetDouble() < 5000, kept.GetProperty("milliseconds").ToString());
    }

    private async Task AssertSame(TrainingEvent[] events)
    {
        var history = new RunHistory();
        foreach (var e in events) history.Add(e);
        await using var page = await DashboardPage.OpenAsync(browser, past.Url);
        var kept = await Read(page, events, times: 1);
        Assert.Equal(history.Of<LossRead>().Select(e => e.Step), Steps(kept, "losses"));
        Assert.Equal(history.Of<RanksRead>().Select(e => e.Step), Steps(kept, "ranks"));
        Assert.Equal(history.Of<EvaluationRead>().Select(e => e.Step), Steps(kept, "evaluations"));
        var others = history.Events.Where(e => e is not (LossRead or RanksRead or EvaluationRead)).Select(e => $"{JsonDocument.Parse(RunLog.ToJson(e)).RootElement.GetProperty("type")} {e.Step}");
        Assert.Equal(others, kept.GetProperty("others").EnumerateArray().Select(e => e.GetString()));
        Assert.Equal(history.Ended?.State.ToString(), kept.GetProperty("ended").GetString());
        page.AssertNothingWrong();
    }

    private static async Task<JsonElement> Read(DashboardPage page, IEnumerable<TrainingEvent> events, int times)
    {
        string json = "[" + string.Join(",", events.Select(e => Encoding.UTF8.GetString(RunLog.ToJson(e)))) + "]";
        return JsonDocument.Parse(await page.Page.EvaluateAsync<string>(Kept, new object[] { json, times })).RootElement;
    }

    private static IEnumerable<int> Steps(JsonElement kept, string name) => kept.GetProperty(name).EnumerateArray().Select(e => e.GetInt32());

    private static EvaluationRead Evaluation(int step) => new() { Step = step, Metric = "m", Value = 1, HigherIsBetter = true, Further = new Dictionary<string, double>() };
}
