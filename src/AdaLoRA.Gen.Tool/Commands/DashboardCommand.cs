using System.CommandLine;
using AdaLoRA.Gen.Dashboard;
using AdaLoRA.Gen.Tool.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary><c>adalora dashboard [FOLDER]</c>: the runs of a folder in a browser. Reads only; a run of another process shows while it lasts, and its own app has the buttons.</summary>
internal static class DashboardCommand
{
    private const int DefaultPort = 5117;

    public static Command Build(Terminal terminal)
    {
        var folder = new Argument<string>("folder") { Description = "The output folder of runs, or a folder that holds several.", DefaultValueFactory = _ => "." };
        var port = SharedOptions.Whole("--port", "Port on 127.0.0.1; 0 takes a free one.", 0, 65535, DefaultPort);
        var json = SharedOptions.Json();
        return new Command("dashboard", "Serves the page of the runs below a folder on 127.0.0.1, until Ctrl-C, which is how it ends: it returns 0 then, not 130.") { folder, port, json }
            .Runs(terminal, json, (parsed, stop) => Serve(parsed.GetValue(folder)!, parsed.GetValue(port), parsed.GetValue(json), terminal, stop).GetAwaiter().GetResult());
    }

    private static async Task<int> Serve(string folder, int port, bool json, Terminal terminal, CancellationToken stop)
    {
        if (!Directory.Exists(folder)) throw new AdaLoRAException($"There is no folder '{folder}'.");
        // Without any configuration: that of the current folder, or of the environment, is an app's, with addresses and policies of its own.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddAdaLoRADashboard(o => o.LogFolders = [Path.GetFullPath(folder)]);
        await using var app = builder.Build();
        app.MapAdaLoRADashboard("/");
        await StartAsync(app, port, stop).ConfigureAwait(false);
        // The fragment is a key to buttons, and a folder's runs have none.
        string address = app.Services.GetRequiredService<DashboardLinks>().All()[0].GetLeftPart(UriPartial.Path);
        if (json) terminal.WriteJson(new DashboardReport("adalora.dashboard/1", address, Path.GetFullPath(folder)), ToolJson.Default.DashboardReport);
        else terminal.Out.WriteLine($"{address} shows the runs below '{folder}'; Ctrl-C ends it.");
        await terminal.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        await WaitAsync(stop).ConfigureAwait(false);
        await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
        return ExitCodes.Fine;
    }

    private static async Task StartAsync(WebApplication app, int port, CancellationToken stop)
    {
        try
        {
            await app.StartAsync(stop).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new AdaLoRAException($"Port {port} of 127.0.0.1 cannot be used ({e.Message.TrimEnd('.')}); name another one with --port, or 0 for a free one.", e);
        }
    }

    private static async Task WaitAsync(CancellationToken stop)
    {
        var ended = new TaskCompletionSource();
        await using var _ = stop.Register(ended.SetResult).ConfigureAwait(false);
        await ended.Task.ConfigureAwait(false);
    }
}
