using System.Diagnostics;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Telemetry.Tests;

public class ActivityTests
{
    [Fact]
    public async Task A_run_is_one_trace_with_its_preparation_evaluations_and_checkpoints()
    {
        using var folder = new TemporaryFolder();
        var run = await HostedTelemetry.RunAsync(folder, o => (o.EvaluateEvery, o.CheckpointEvery) = (20, 20));
        var root = Assert.Single(run.Activities, a => a.Parent is null);
        Assert.Equal(("adalora.run", "train TinyModel", ActivityStatusCode.Unset), (root.OperationName, root.DisplayName, root.Status));
        Assert.Equal("TinyModel", root.GetTagItem("adalora.run.name"));
        Assert.Equal("TinyModel", root.GetTagItem("adalora.model.name"));
        Assert.Equal("cpu", root.GetTagItem("adalora.device"));
        Assert.Equal(run.Events.OfType<RunStarted>().Single().Run, root.GetTagItem("adalora.run.id"));
        Assert.Equal("finished", root.GetTagItem("adalora.run.outcome"));
        Assert.Equal(40, root.GetTagItem("adalora.step"));
        Assert.All(run.Activities.Where(a => a != root), a => Assert.Equal(root.SpanId, a.ParentSpanId));
        Assert.Equal(
            [("adalora.prepare", null), ("adalora.evaluate", 20), ("adalora.checkpoint", 20), ("adalora.evaluate", 40), ("adalora.checkpoint", 40)],
            run.Activities.Where(a => a != root).OrderBy(a => a.StartTimeUtc).Select(a => (a.OperationName, (int?)a.GetTagItem("adalora.step"))));
    }

    [Fact]
    public async Task What_a_task_does_in_its_evaluation_stands_below_the_evaluation()
    {
        using var folder = new TemporaryFolder();
        var seen = new List<string?>();
        var task = new TinyTask { Evaluating = _ => seen.Add(Activity.Current?.OperationName) };
        await HostedTelemetry.RunAsync(folder, task: task);
        Assert.Equal(["adalora.evaluate"], seen.Distinct());
    }

    [Fact]
    public async Task A_failure_marks_the_part_that_failed_and_the_run_with_the_exception()
    {
        using var folder = new TemporaryFolder();
        int calls = 0;
        var run = await HostedTelemetry.RunAsync(folder, o => o.EvaluateEvery = 10, new TinyTask { Evaluating = _ => { if (++calls == 2) throw new InvalidDataException("no data"); } }, exitCode: 1);
        foreach (var failed in new[] { run.Activities.Single(a => a.OperationName == "adalora.run"), run.Activities.Last(a => a.OperationName == "adalora.evaluate") })
        {
            Assert.Equal((ActivityStatusCode.Error, "no data"), (failed.Status, failed.StatusDescription));
            Assert.Equal("System.IO.InvalidDataException", failed.GetTagItem("error.type"));
            Assert.Equal("exception", Assert.Single(failed.Events).Name);
        }
        Assert.Equal("failed", run.Activities.Single(a => a.OperationName == "adalora.run").GetTagItem("adalora.run.outcome"));
        Assert.Equal(ActivityStatusCode.Unset, run.Activities.First(a => a.OperationName == "adalora.evaluate").Status);
    }

    [Fact]
    public async Task A_run_without_a_host_stands_below_the_activity_that_started_it_and_leaves_it_current()
    {
        using var folder = new TemporaryFolder();
        var activities = new List<Activity>();
        using var listener = new ActivityListener { ShouldListenTo = s => s.Name == AdaLoRATelemetry.ActivitySourceName, Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData, ActivityStopped = activities.Add };
        ActivitySource.AddActivityListener(listener);
        using var app = new Activity("app").Start();
        foreach (string name in new[] { "one", "two" })
        {
            using var model = new TinyModel();
            await new Trainer<TinyModel>(model, new TinyTask(), Training.Options(folder.File(name))).RunAsync();
        }
        Assert.Equal(2, activities.Count(a => a.OperationName == "adalora.run" && a.ParentSpanId == app.SpanId));
        Assert.Same(app, Activity.Current);
    }
}
