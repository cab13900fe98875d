using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting.Tests;

public sealed class RegistrationTests : IDisposable
{
    // The test process's own exit code must not be a test's.
    public void Dispose() => Environment.ExitCode = 0;

    [Fact]
    public async Task Named_runs_of_one_model_train_one_after_another_each_with_its_own_options_model_and_folder()
    {
        using var folder = new TemporaryFolder();
        var builder = Builder();
        builder.Configuration["AdaLoRA:narrow:Adapter:Budget"] = "2";
        builder.Configuration["AdaLoRA:wide:Adapter:Budget"] = "6";
        foreach (string name in new[] { "narrow", "wide" }) builder.Services.AddAdaLoRA<TinyModel>(name, o => Quick(o, folder.File(name))).UseTask<TinyTask>();
        using var host = builder.Build();
        var runs = host.Services.GetRequiredService<TrainingRuns>();
        Assert.Equal(["narrow", "wide"], runs.Select(r => r.Name));
        Assert.Equal(0, await Run(host));
        Assert.All(runs, r => Assert.Equal(RunState.Finished, r.State));
        Assert.True(runs[0].History.Ended!.Time <= runs[1].History.Started!.Time);
        Assert.Equal([2, 6], runs.Select(r => r.History.Of<RanksRead>()[^1].Ranks.Sum()));
        Assert.True(File.Exists(folder.File("wide/adapter/adapter_config.json")));
        Assert.NotSame(Keyed<TinyModel>(host, "narrow"), Keyed<TinyModel>(host, "wide"));
        Assert.Same(runs[1], Keyed<Trainer<TinyModel>>(host, "wide").Run);
        Assert.Same(runs[1], Keyed<TrainingRun>(host, "wide"));
        Assert.Null(host.Services.GetService<TinyModel>());
    }

    [Fact]
    public async Task A_run_of_the_models_name_is_there_with_and_without_its_key()
    {
        using var folder = new TemporaryFolder();
        var builder = Builder();
        builder.Services.AddAdaLoRA<TinyModel>(o => Quick(o, folder.Path)).UseTask<TinyTask>();
        using var host = builder.Build();
        Assert.Equal(0, await Run(host));
        Assert.Same(host.Services.GetRequiredService<TinyModel>(), Keyed<TinyModel>(host, "TinyModel"));
        Assert.Same(host.Services.GetRequiredService<TrainingService<TinyModel>>(), Keyed<TrainingService<TinyModel>>(host, "TinyModel"));
    }

    [Fact]
    public async Task What_the_app_has_registered_stays()
    {
        using var folder = new TemporaryFolder();
        using var mine = new TinyModel();
        var task = new TinyTask();
        var builder = Builder();
        builder.Services.AddSingleton(mine).AddSingleton<ITrainingTask<TinyModel>>(task);
        builder.Services.AddAdaLoRA<TinyModel>(o => Quick(o, folder.Path));
        using var host = builder.Build();
        Assert.Same(mine, Keyed<TinyModel>(host, "TinyModel"));
        Assert.Equal(0, await Run(host));
        Assert.NotNull(AdapterSet.Of(mine));
    }

    [Fact]
    public async Task A_failed_run_lets_the_next_one_train_and_is_the_apps_exit_code()
    {
        using var folder = new TemporaryFolder();
        var builder = Builder();
        builder.Services.AddAdaLoRA<TinyModel>("broken", o => Quick(o, folder.File("broken"))).UseTask<TinyTask>().UseModel(_ => throw new IOException("no such weights"));
        builder.Services.AddAdaLoRA<TinyModel>("good", o => Quick(o, folder.File("good"))).UseTask(_ => new TinyTask());
        using var host = builder.Build();
        Assert.Equal(1, await Run(host));
        var runs = host.Services.GetRequiredService<TrainingRuns>();
        Assert.Equal([RunState.Failed, RunState.Finished], runs.Select(r => r.State));
        Assert.Equal("IOException: no such weights", runs[0].History.Ended!.Reason);
    }

    [Fact]
    public async Task Stopping_one_run_leaves_the_others_and_stopping_the_host_leaves_the_queued_ones_untouched()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        var builder = Builder();
        TrainingRuns runs = null!;
        builder.Services.AddAdaLoRA<TinyModel>("one", o => Quick(o, folder.File("one"))).UseTask(_ => new TinyTask { Training = (_, _, index) => { if (index == 3) runs[0].Stop(); } });
        builder.Services.AddAdaLoRA<TinyModel>("two", o => Quick(o, folder.File("two"))).UseTask(_ => new TinyTask { Training = (_, _, index) => { if (index == 3) stop.Cancel(); } });
        builder.Services.AddAdaLoRA<TinyModel>("three", o => Quick(o, folder.File("three"))).UseTask<TinyTask>();
        using var host = builder.Build();
        runs = host.Services.GetRequiredService<TrainingRuns>();
        Assert.Equal(130, await Run(host, stop.Token));
        Assert.All(runs, r => Assert.Equal(RunState.Interrupted, r.State));
        Assert.True(Directory.Exists(folder.File("one/checkpoints")));
        Assert.True(Directory.Exists(folder.File("two/checkpoints")));
        Assert.False(Directory.Exists(folder.File("three")));
    }

    [Fact]
    public async Task With_KeepAppRunning_the_app_outlives_its_runs()
    {
        using var folder = new TemporaryFolder();
        var builder = Builder();
        builder.Services.AddAdaLoRA<TinyModel>(o => Quick(o, folder.Path)).KeepAppRunning().UseTask<TinyTask>();
        using var host = builder.Build();
        await host.StartAsync();
        var run = host.Services.GetRequiredService<TrainingRuns>()[0];
        await ButtonsTests.Until(() => run.HasEnded);
        await Task.Delay(100);
        Assert.False(host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
        await host.StopAsync();
    }

    [Fact]
    public async Task Two_runs_of_one_folder_are_refused_at_start()
    {
        using var folder = new TemporaryFolder();
        var builder = Builder();
        builder.Services.AddAdaLoRA<TinyModel>("one", o => Quick(o, folder.Path)).UseTask<TinyTask>();
        builder.Services.AddAdaLoRA<TinyModel>("two", o => Quick(o, folder.Path + "/.")).UseTask<TinyTask>();
        using var host = builder.Build();
        var e = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Equal($"AdaLoRA:two:OutputFolder is '{folder.Path}/.', where the run 'one' writes, too; give each run a folder of its own.", Assert.Single(e.Failures));
    }

    [Fact]
    public void A_named_run_has_a_folder_of_its_own_and_its_monitor_sees_changes()
    {
        var builder = Builder();
        builder.Services.AddAdaLoRA<TinyModel>("second").UseTask<TinyTask>();
        using var host = builder.Build();
        var monitor = host.Services.GetRequiredService<IOptionsMonitor<TrainingOptions>>();
        Assert.Equal(Path.Combine("out", "second"), monitor.Get("second").OutputFolder);
        builder.Configuration["AdaLoRA:second:Steps"] = "77";
        ((Microsoft.Extensions.Configuration.IConfigurationRoot)builder.Configuration).Reload();
        Assert.Equal(77, monitor.Get("second").Steps);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("größe")]
    [InlineData("<b>")]
    public void A_name_that_is_no_folder_is_refused(string name) =>
        Assert.StartsWith($"'{name}' cannot be the name of a run", Assert.Throws<AdaLoRAException>(() => new ServiceCollection().AddAdaLoRA<TinyModel>(name)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_name_in_another_case_is_the_same_folder_elsewhere_and_refused()
    {
        var services = new ServiceCollection();
        services.AddAdaLoRA<TinyModel>("one");
        Assert.Equal("There is a run 'one' of TinyModel already; give the run of TinyModel another name.", Assert.Throws<AdaLoRAException>(() => services.AddAdaLoRA<TinyModel>("One")).Message);
    }

    [Fact]
    public void Builders_chain_through_extensions_that_know_no_model()
    {
        AdaLoRABuilder<TinyModel> builder = new ServiceCollection().AddAdaLoRA<TinyModel>("x").KeepAppRunning().UseTask<TinyTask>();
        Assert.Equal("x", builder.Name);
    }

    // Unlike RunTrainingAsync it leaves the container for the test to look into.
    private static async Task<int> Run(IHost host, CancellationToken stop = default)
    {
        await host.StartAsync(stop);
        await host.WaitForShutdownAsync(stop);
        return Environment.ExitCode;
    }

    private static void Quick(TrainingOptions o, string folder) => (o.OutputFolder, o.Threads, o.Progress, o.Steps, o.BatchSize, o.LearningRate) = (folder, 1, ProgressMode.Off, 40, 10, 0.02);

    private static T Keyed<T>(IHost host, string name) where T : notnull => host.Services.GetRequiredKeyedService<T>(name);

    private static HostApplicationBuilder Builder()
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.None);
        return builder;
    }
}
