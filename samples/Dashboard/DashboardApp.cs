using System.Net;
using System.Net.Sockets;
using AdaLoRA.Gen.Dashboard;
using AdaLoRA.Gen.Hosting;
using Quickstart;

namespace DashboardSample;

/// <summary>The app: an ordinary web app with two calls of AdaLoRA.Gen.Dashboard.</summary>
public static class DashboardApp
{
    /// <summary>Trains the planted problem and shows the run, and those before it.</summary>
    /// <param name="output">Folder of all runs.</param>
    /// <param name="steps">Steps of this one.</param>
    /// <param name="delay">Waited before each step.</param>
    /// <param name="port">On 127.0.0.1.</param>
    public static WebApplication Train(DirectoryInfo output, int steps, TimeSpan delay, int port)
    {
        var builder = Create(port);
        builder.Services.AddSingleton(_ => new PlantedProblem());
        builder.Services.AddAdaLoRA<PlantedMlp>("planted", o =>
            {
                (o.Steps, o.BatchSize, o.LearningRate, o.Warmup) = (steps, 64, 1e-2, 0.05);
                (o.LogEvery, o.EvaluateEvery, o.CheckpointEvery, o.Threads) = (10, 250, 1_000, 1);
                (o.KeepBest, o.Progress) = (true, ProgressMode.Off);
                o.OutputFolder = Path.Combine(output.FullName, DateTime.Now.ToString("yyyyMMdd-HHmmss", System.Globalization.CultureInfo.InvariantCulture));
            })
            .UseModel(services => services.GetRequiredService<PlantedProblem>().Model)
            .UseTask(services => new PlantedTask(services.GetRequiredService<PlantedProblem>(), delay))
            // The page stays when the run has ended.
            .KeepAppRunning();
        return Build(builder, output);
    }

    /// <summary>Shows past runs.</summary>
    /// <param name="folder">Where they are, at any depth.</param>
    /// <param name="port">On 127.0.0.1.</param>
    public static WebApplication Show(DirectoryInfo folder, int port) => Build(Create(port), folder);

    /// <summary>Serves until Ctrl-C.</summary>
    /// <param name="app">From <see cref="Train"/> or <see cref="Show"/>.</param>
    public static async Task<int> RunAsync(WebApplication app)
    {
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            foreach (var link in app.Services.GetRequiredService<DashboardLinks>().All()) Console.WriteLine($"Open {link}  (Ctrl-C stops)");
        });
        return await app.RunTrainingAsync();
    }

    private static WebApplicationBuilder Create(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls($"http://127.0.0.1:{FreePort(port)}");
        return builder;
    }

    private static WebApplication Build(WebApplicationBuilder builder, DirectoryInfo folder)
    {
        builder.Services.AddAdaLoRADashboard(o => o.LogFolders = [folder.FullName]);
        var app = builder.Build();
        app.MapAdaLoRADashboard("/");
        return app;
    }

    private static int FreePort(int wanted)
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, wanted);
            probe.Start();
            return wanted;
        }
        catch (SocketException)
        {
            Console.WriteLine($"Port {wanted} is in use; a free one is taken instead.");
            return 0;
        }
    }
}
