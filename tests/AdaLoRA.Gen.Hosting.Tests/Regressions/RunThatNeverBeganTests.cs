using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>A host that is stopped while it starts cancels a service's work before its first line: the run must end all the same, and let the next one have its turn.</summary>
public sealed class RunThatNeverBeganTests : IDisposable
{
    // The test process's own exit code must not be a test's.
    public void Dispose() => Environment.ExitCode = 0;

    [Fact]
    public async Task A_run_whose_service_was_stopped_before_its_first_line_has_ended()
    {
        using var folder = new TemporaryFolder();
        using var services = Services(folder);
        var service = services.GetRequiredService<TrainingService<TinyModel>>();
        await service.StartAsync(new CancellationToken(canceled: true));
        await service.StopAsync(default);
        Assert.Equal(RunState.Interrupted, service.Run.State);
        Assert.Empty(await service.Run.ReadEventsAsync().ToListAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(TrainingService<TinyModel>.Interrupted, Environment.ExitCode);
        // Before the service is disposed of.
        Assert.False(Runs.Run(Runs.Options(folder.File("next"), o => o.Steps = 2)).Interrupted);
    }

    [Fact]
    public async Task A_run_whose_service_is_disposed_of_without_a_stop_has_ended()
    {
        using var folder = new TemporaryFolder();
        TrainingRun run;
        using (var services = Services(folder))
        {
            var service = services.GetRequiredService<TrainingService<TinyModel>>();
            run = service.Run;
            await service.StartAsync(new CancellationToken(canceled: true));
        }
        Assert.Equal(RunState.Interrupted, run.State);
    }

    private static ServiceProvider Services(TemporaryFolder folder)
    {
        var services = new ServiceCollection().AddLogging();
        services.AddAdaLoRA<TinyModel>(o => (o.OutputFolder, o.Steps, o.Threads, o.Progress) = (folder.Path, 2, 1, ProgressMode.Off)).UseTask<TinyTask>();
        return services.BuildServiceProvider();
    }
}
