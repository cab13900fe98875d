using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdaLoRA.Gen.Telemetry.Tests;

public sealed class AddTensorBoardTests : IDisposable
{
    // The test process's own exit code must not be a test's.
    public void Dispose() => Environment.ExitCode = 0;

    [Fact]
    public async Task A_hosted_run_leaves_its_event_files_whole_when_the_host_has_stopped()
    {
        using var folder = new TemporaryFolder();
        using var host = Training.Host(folder, b => b.AddTensorBoard().Configure(o => o.LogEvery = 1));
        Assert.Equal(0, await host.RunTrainingAsync());
        var events = EventFileReader.ReadFolder(Training.OnlyFolder(folder.Path));
        Assert.Equal(Enumerable.Range(1, 40), TensorBoardTests.Of(events, TensorBoardTags.Loss).Select(v => (int)v.Event.Step));
        Assert.Contains("finished", TensorBoardTests.Of(events, TensorBoardTags.Notices).Last().Tensor.StringVal.Single().ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_runs_that_ask_for_them_get_event_files()
    {
        using var folder = new TemporaryFolder();
        using var host = Training.Host(folder, b => b.AddTensorBoard().Configure(o => o.OutputFolder = folder.File("with")), services: services =>
            services.AddAdaLoRA<TinyModel>("other", o => (o.Steps, o.BatchSize, o.Threads, o.Progress, o.OutputFolder) = (5, 10, 1, ProgressMode.Off, folder.File("without"))).UseTask(_ => new TinyTask()));
        Assert.Equal(0, await host.RunTrainingAsync());
        Assert.True(Directory.Exists(folder.File("with/tensorboard")));
        Assert.True(Directory.Exists(folder.File("without/adapter")));
        Assert.False(Directory.Exists(folder.File("without/tensorboard")));
    }

    [Fact]
    public async Task Stopping_the_host_ends_the_file_with_the_interruption()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        var task = new TinyTask { Training = (_, epoch, _) => { if (epoch == 2) stop.Cancel(); } };
        using var host = Training.Host(folder, b => b.AddTensorBoard().Configure(o => o.Steps = 4000), task);
        Assert.Equal(130, await host.RunTrainingAsync(stop.Token));
        var events = EventFileReader.ReadFolder(Training.OnlyFolder(folder.Path));
        Assert.Contains("interrupted", TensorBoardTests.Of(events, TensorBoardTags.Notices).Last().Tensor.StringVal.Single().ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_that_fails_costs_the_files_with_one_warning_and_not_the_run()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("tensorboard"), "a file where the folder should be");
        var log = new LogCapture();
        using var host = Training.Host(folder, b => b.AddTensorBoard(), log: log);
        Assert.Equal(0, await host.RunTrainingAsync());
        var warning = Assert.Single(log.Entries, e => e.Id is { Id: 30, Name: "TensorBoardFailed" });
        Assert.StartsWith("TinyModel: TensorBoard's event files cannot be written and end here: ", warning.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_never_begins_does_not_hold_up_the_host()
    {
        using var folder = new TemporaryFolder();
        // The app keeps the run's services, but not the one that trains.
        using var host = Training.Host(folder, b => b.AddTensorBoard(), services: services => services.Remove(services.Single(s => s.ServiceType == typeof(IHostedService) && s.ImplementationFactory is not null)));
        await host.StartAsync();
        await host.StopAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(Directory.Exists(folder.File("tensorboard")));
    }

    [Fact]
    public async Task A_host_whose_options_are_wrong_does_not_wait_for_event_files()
    {
        using var folder = new TemporaryFolder();
        using var host = Training.Host(folder, b => b.AddTensorBoard().Configure(o => o.BatchSize = 0));
        Assert.Equal(1, await host.RunTrainingAsync().WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(Directory.Exists(folder.File("tensorboard")));
    }
}
