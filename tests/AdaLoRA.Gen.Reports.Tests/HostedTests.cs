using System.Collections.Concurrent;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;
using AngleSharp.Html.Parser;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Reports.Tests;

public sealed class HostedTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Logs _logs = new();

    // The test process's own exit code must not be a test's.
    public void Dispose()
    {
        Environment.ExitCode = 0;
        _folder.Dispose();
        _logs.Dispose();
    }

    [Fact]
    public async Task A_finished_run_leaves_a_report_with_its_own_numbers()
    {
        using var host = Host(b => b.AddAdaLoRA<TinyModel>(Quick).UseTask<TinyTask>().AddReport().AddReport());
        var service = host.Services.GetRequiredService<TrainingService<TinyModel>>();
        Assert.Equal(0, await host.RunTrainingAsync());
        var result = service.Result!;
        var page = new HtmlParser().ParseDocument(await File.ReadAllTextAsync(_folder.File("report.html")));
        var values = page.QuerySelectorAll(".figures > div").ToDictionary(d => d.QuerySelector("dt")!.TextContent, d => d.QuerySelector("data")?.GetAttribute("value"));
        Assert.Equal(result.Final!.Value.ToString("R", null), values["final error"]);
        Assert.Equal(result.TrainableParameters.ToString((IFormatProvider?)null), values["trained parameters"]);
        Assert.Equal(result.Ranks.Values.Sum().ToString((IFormatProvider?)null), values["live triplets"]);
        Assert.Equal("20", values["steps"]);
        Assert.Contains("Finished", page.QuerySelector(".outcome")!.TextContent, StringComparison.Ordinal);
        string run = service.Run.History.Started!.Run;
        Assert.True(File.Exists(_folder.File($"reports/{run}/rank-map.png")));
        Assert.True(File.Exists(_folder.File($"reports/{run}/budget.svg")));
        Assert.Equal($"The report of TinyModel is {_folder.File("report.html")}", Assert.Single(_logs.Of("ReportWritten")));
    }

    [Fact]
    public async Task An_interrupted_run_has_one_too_and_a_resumed_run_writes_it_anew()
    {
        using (var host = Host(b => b.AddAdaLoRA<TinyModel>(Quick).UseTask(_ => new StoppingTask(at: 8)).AddReport()))
        {
            StoppingTask.Stop = host.Services.GetRequiredService<TrainingRuns>()[0].Stop;
            Assert.Equal(130, await host.RunTrainingAsync());
        }
        Assert.Contains("Interrupted", await PageAsync(), StringComparison.Ordinal);
        using (var host = Host(b => b.AddAdaLoRA<TinyModel>(o => { Quick(o); o.Resume = true; }).UseTask<TinyTask>().AddReport()))
        {
            Environment.ExitCode = 0;
            Assert.Equal(0, await host.RunTrainingAsync());
        }
        string page = await PageAsync();
        Assert.Contains(">Finished<", page, StringComparison.Ordinal);
        Assert.Contains("resumed", page, StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(_folder.File("reports")));
    }

    [Fact]
    public async Task A_failed_run_has_one_that_names_the_reason()
    {
        using var host = Host(b => b.AddAdaLoRA<TinyModel>(Quick).UseTask(_ => new FailingTask(at: 8)).AddReport());
        Assert.Equal(1, await host.RunTrainingAsync());
        string page = await PageAsync();
        Assert.Contains(">Failed<", page, StringComparison.Ordinal);
        Assert.Contains("the data are gone", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_fails_before_its_first_step_leaves_an_earlier_report_alone()
    {
        await File.WriteAllTextAsync(_folder.File("report.html"), "old");
        using var host = Host(b => b.AddAdaLoRA<TinyModel>(Quick).UseModel(_ => throw new AdaLoRAException("no model")).UseTask<TinyTask>().AddReport());
        Assert.Equal(1, await host.RunTrainingAsync());
        Assert.Equal("old", await PageAsync());
    }

    [Fact]
    public async Task A_report_that_cannot_be_written_is_a_warning_and_no_failure()
    {
        await File.WriteAllTextAsync(_folder.File("reports"), "a file where a folder must be");
        using var host = Host(b => b.AddAdaLoRA<TinyModel>(Quick).UseTask<TinyTask>().AddReport());
        Assert.Equal(0, await host.RunTrainingAsync());
        Assert.StartsWith($"TinyModel has no report: The report cannot be written to '{_folder.Path}'", Assert.Single(_logs.Of("ReportFailed")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_runs_those_that_asked_have_a_report_and_one_that_never_trained_holds_nothing_up()
    {
        using var host = Host(b =>
        {
            b.AddAdaLoRA<TinyModel>("first", o => { Quick(o); o.OutputFolder = _folder.File("first"); }).UseTask(_ => new StoppingTask(at: 8)).AddReport();
            b.AddAdaLoRA<TinyModel>("second", o => { Quick(o); o.OutputFolder = _folder.File("second"); }).UseTask<TinyTask>().AddReport();
            b.AddAdaLoRA<TinyModel>("third", o => { Quick(o); o.OutputFolder = _folder.File("third"); }).UseTask<TinyTask>();
        });
        // The whole app, in the middle of the first run.
        StoppingTask.Stop = host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication;
        Assert.Equal(130, await host.RunTrainingAsync().WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.True(File.Exists(_folder.File("first/report.html")));
        Assert.False(Directory.Exists(_folder.File("second")));
    }

    [Fact]
    public async Task A_run_that_did_not_ask_has_no_report()
    {
        using var host = Host(b =>
        {
            b.AddAdaLoRA<TinyModel>("first", o => { Quick(o); o.OutputFolder = _folder.File("first"); }).UseTask<TinyTask>().AddReport();
            b.AddAdaLoRA<TinyModel>("second", o => { Quick(o); o.OutputFolder = _folder.File("second"); }).UseTask<TinyTask>();
        });
        Assert.Equal(0, await host.RunTrainingAsync());
        Assert.True(File.Exists(_folder.File("first/report.html")));
        Assert.True(File.Exists(_folder.File("second/metrics.json")));
        Assert.False(File.Exists(_folder.File("second/report.html")));
    }

    [Fact]
    public async Task A_run_that_never_came_to_start_holds_nothing_up()
    {
        using var service = new ReportService(new TrainingRuns([new TrainingRun("waits", "TinyModel")]), [new ReportedRun("waits")], NullLogger<ReportService>.Instance);
        await service.StartAsync(default);
        await service.StoppedAsync(default).WaitAsync(TimeSpan.FromSeconds(20));
    }

    private Task<string> PageAsync() => File.ReadAllTextAsync(_folder.File("report.html"));

    private IHost Host(Action<IServiceCollection> add)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(_logs);
        add(builder.Services);
        return builder.Build();
    }

    private void Quick(TrainingOptions o)
    {
        o.Steps = 20;
        o.BatchSize = 8;
        o.LogEvery = 2;
        o.EvaluateEvery = 10;
        o.Threads = 1;
        o.OutputFolder = _folder.Path;
        o.Progress = ProgressMode.Off;
    }

    private sealed class StoppingTask(int at) : TinyTask
    {
        private int _losses;

        public static Action Stop { get; set; } = () => { };

        public override Tensor Loss(TinyModel model, TinyBatch batch)
        {
            if (++_losses == at) Stop();
            return base.Loss(model, batch);
        }
    }

    private sealed class FailingTask(int at) : TinyTask
    {
        private int _losses;

        public override Tensor Loss(TinyModel model, TinyBatch batch) => ++_losses == at ? throw new InvalidOperationException("the data are gone") : base.Loss(model, batch);
    }

    private sealed class Logs : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<(string? Event, string Text)> _told = [];

        public IEnumerable<string> Of(string name) => _told.Where(t => t.Event == name).Select(t => t.Text);

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _told.Enqueue((eventId.Name, formatter(state, exception)));

        public void Dispose()
        {
        }
    }
}
