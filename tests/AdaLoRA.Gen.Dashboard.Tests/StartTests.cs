using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Dashboard.Tests;

/// <summary>What an app with mistakes says when it starts.</summary>
public sealed class StartTests : IDisposable
{
    public void Dispose() => Environment.ExitCode = 0;

    [Fact]
    public async Task All_mistakes_are_lines_and_the_exit_code_is_1()
    {
        var (exitCode, lines) = await RunAsync(new() { ["AdaLoRA:Dashboard:Tokn"] = "x", ["AdaLoRA:Dashboard:MaxSubscribers"] = "0", ["AdaLoRA:tiny:Stepz"] = "5" }, withRun: true);
        Assert.Equal(1, exitCode);
        Assert.Equal(
            [
                "AdaLoRA:Dashboard:MaxSubscribers is 0; it must be from 1 to 100000.",
                "AdaLoRA:Dashboard:Tokn is not an option; did you mean 'Token'?",
                "AdaLoRA:tiny:Stepz is not an option; did you mean 'Steps'?",
            ], lines.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("AdaLoRA:Dashbord:ReadPolicy", "AdaLoRA:Dashbord is the section of no run; did you mean 'AdaLoRA:Dashboard'?", true)]
    [InlineData("AdaLoRA:Dashbord:ReadPolicy", "AdaLoRA:Dashbord is the section of no run; did you mean 'AdaLoRA:Dashboard'?", false)]
    [InlineData("AdaLoRA:Predictor:tiny:Adapter", "AdaLoRA:Predictor is the section of no run; did you mean 'AdaLoRA:Predictors'?", true)]
    public async Task A_misspelt_section_is_told(string key, string sentence, bool withRun)
    {
        var (exitCode, lines) = await RunAsync(new() { [key] = "x" }, withRun);
        Assert.Equal(1, exitCode);
        Assert.Equal([sentence], lines);
    }

    [Fact]
    public void Sections_of_others_are_passed_over()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AdaLoRA:dashboard:MaxPastRuns"] = "7",
            ["AdaLoRA:Predictors:tiny:Adapter"] = "x",
            ["AdaLoRA:Else:Steps"] = "x",
        }).Build());
        services.AddAdaLoRADashboard();
        using var provider = services.BuildServiceProvider();
        Assert.Equal(7, provider.GetRequiredService<Microsoft.Extensions.Options.IOptions<DashboardOptions>>().Value.MaxPastRuns);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_dashboard_that_is_not_mapped_is_a_warning(bool isMapped)
    {
        var log = new LogLines();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAdaLoRADashboard();
        await using var app = builder.Build();
        if (isMapped) app.MapAdaLoRADashboard();
        await app.StartAsync();
        Assert.Equal(isMapped ? 0 : 1, log.Lines.Count(l => l.StartsWith("Warning NotMapped:", StringComparison.Ordinal) && l.Contains("MapAdaLoRADashboard", StringComparison.Ordinal)));
    }

    private static async Task<(int ExitCode, string[] Lines)> RunAsync(Dictionary<string, string?> values, bool withRun)
    {
        using var folder = new TemporaryFolder();
        // An app that starts all the same must not stay.
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(values);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (withRun)
        {
            builder.Services.AddAdaLoRA<TinyModel>("tiny", o => (o.Steps, o.Threads, o.Progress, o.OutputFolder) = (2, 1, ProgressMode.Off, folder.Path)).UseTask(_ => new TinyTask());
        }
        builder.Services.AddAdaLoRADashboard();
        await using var app = builder.Build();
        app.MapAdaLoRADashboard();
        var (before, error) = (Console.Error, new StringWriter());
        try
        {
            Console.SetError(error);
            return (await app.RunTrainingAsync(stop.Token), error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        }
        finally
        {
            Console.SetError(before);
        }
    }
}
