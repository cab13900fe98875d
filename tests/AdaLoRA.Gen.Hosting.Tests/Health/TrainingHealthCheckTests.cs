using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace AdaLoRA.Gen.Hosting.Tests.Health;

public sealed class TrainingHealthCheckTests : IDisposable
{
    // The test process's own exit code must not be a test's.
    public void Dispose() => Environment.ExitCode = 0;

    [Fact]
    public void A_run_that_gets_on_is_healthy_and_one_that_does_not_is_degraded()
    {
        var time = new ManualTime();
        var run = new TrainingRun("intents", "TinyModel", time);
        Assert.Equal((HealthStatus.Healthy, "intents is waiting"), Of(run));
        run.Enter(RunState.Preparing);
        time.Pass(3600);
        Assert.Equal((HealthStatus.Healthy, "intents is preparing"), Of(run));
        Train(run, time, steps: 50, seconds: 2);
        Assert.Equal((HealthStatus.Healthy, "intents trains at step 50"), Of(run));
        time.Pass(59);
        Assert.Equal(HealthStatus.Healthy, Of(run).Status);
        time.Pass(2);
        Assert.Equal((HealthStatus.Degraded, "intents has done no step for 61.0 s at step 50; one usually takes 2.000 s"), Of(run));
        Assert.Equal(HealthStatus.Healthy, Of(run, new TrainingHealthOptions { UsualSteps = 100 }).Status);
        Assert.Equal(HealthStatus.Degraded, Of(run, new TrainingHealthOptions { UsualSteps = 2, Least = TimeSpan.Zero }).Status);
        // An evaluation that took long may take long again.
        run.Pulse.Evaluation(40, time.GetTimestamp());
        time.Pass(79);
        Assert.Equal(HealthStatus.Healthy, Of(run).Status);
        time.Pass(2);
        Assert.Equal(HealthStatus.Degraded, Of(run).Status);
    }

    [Fact]
    public void Skipped_steps_a_pause_and_the_end_show()
    {
        var time = new ManualTime();
        var run = new TrainingRun("intents", "TinyModel", time);
        Train(run, time, steps: 5, seconds: 1);
        run.Pulse.Skip(1);
        Assert.Equal((HealthStatus.Degraded, "intents learns nothing at step 5: the gradients of the last 1 steps were not finite"), Of(run));
        run.Pulse.Step(6, time.GetTimestamp());
        Assert.Equal(HealthStatus.Healthy, Of(run).Status);
        run.Enter(RunState.Paused);
        Assert.Equal((HealthStatus.Degraded, "intents is paused at step 6"), Of(run));
        run.Fail(new AdaLoRAException("The data are gone."));
        Assert.Equal((HealthStatus.Unhealthy, "intents failed at step 6: The data are gone."), Of(run));
        foreach (var (state, status) in new[] { (RunState.Finished, HealthStatus.Healthy), (RunState.Interrupted, HealthStatus.Degraded) })
        {
            run = new TrainingRun("intents", "TinyModel", time);
            run.Tell(new RunEnded { State = state });
            Assert.Equal(status, Of(run).Status);
        }
    }

    [Fact]
    public async Task A_hosted_run_has_a_check_of_its_name_with_what_it_does()
    {
        using var folder = new TemporaryFolder();
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddLogging();
        foreach (string name in (string[])["one", "two"])
        {
            builder.Services.AddAdaLoRA<TinyModel>(name, o =>
            {
                var options = Runs.Options(folder.File(name));
                (o.Steps, o.BatchSize, o.LearningRate, o.OutputFolder, o.Threads, o.Progress) = (options.Steps, options.BatchSize, options.LearningRate, options.OutputFolder, 1, ProgressMode.Off);
            }).UseTask<TinyTask>().AddHealthCheck().KeepAppRunning();
        }
        using var host = builder.Build();
        await host.StartAsync();
        var runs = host.Services.GetRequiredService<TrainingRuns>();
        await ButtonsTests.Until(() => runs.All(r => r.HasEnded));
        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(r => r.Tags.Contains("training"));
        await host.StopAsync();
        Assert.Equal(["one", "two"], report.Entries.Keys.Order());
        var entry = report.Entries["two"];
        Assert.Equal((HealthStatus.Healthy, "two is finished at step 40"), (entry.Status, entry.Description));
        Assert.Equal(("two", "Finished", 40, 40, "error"), (entry.Data["run"], entry.Data["state"], entry.Data["step"], entry.Data["total_steps"], entry.Data["metric"]));
        Assert.Equal(runs[1].History.Of<LossRead>()[^1].Loss, entry.Data["loss"]);
        Assert.True((double)entry.Data["seconds_of_step"] > 0);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        var builder = new ServiceCollection().AddAdaLoRA<TinyModel>();
        Assert.Equal("UsualSteps is 1; it must be above 1.", Assert.Throws<AdaLoRAException>(() => builder.AddHealthCheck(o => o.UsualSteps = 1)).Message);
        Assert.Equal("Least is -00:00:01; it must not be negative.", Assert.Throws<AdaLoRAException>(() => builder.AddHealthCheck(o => o.Least = TimeSpan.FromSeconds(-1))).Message);
    }

    private static void Train(TrainingRun run, ManualTime time, int steps, double seconds)
    {
        run.Pulse.Begin(time.GetTimestamp());
        run.Enter(RunState.Training);
        for (int i = 1; i <= steps; i++)
        {
            time.Pass(seconds);
            run.Pulse.Step(i, time.GetTimestamp());
        }
    }

    private static (HealthStatus Status, string? Text) Of(TrainingRun run, TrainingHealthOptions? options = null)
    {
        var check = new TrainingHealthCheck(run, options);
        var result = check.CheckHealthAsync(new HealthCheckContext { Registration = new HealthCheckRegistration("x", check, HealthStatus.Unhealthy, null) }).Result;
        return (result.Status, result.Description);
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _now = TimeSpan.TicksPerHour;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Pass(double seconds) => _now += TimeSpan.FromSeconds(seconds).Ticks;
    }
}
