using System.CommandLine;

namespace PredictorSample;

/// <summary>The command line. Without a command the program serves.</summary>
internal static class CommandLine
{
    public static RootCommand Build()
    {
        var serving = new ServeOptions();
        var port = new Option<int>("--port") { Description = "Port on 127.0.0.1; 0 takes a free one. Default 5075.", DefaultValueFactory = _ => 5075, HelpName = "n" };
        port.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, out int n) || n is < 0 or > 65535)) result.AddError("--port must be a whole number from 0 to 65535.");
        });

        var root = new RootCommand("Serves the intent classifier over HTTP: batches of requests, and adapters that are exchanged while it answers. Without a command it serves.") { port };
        serving.AddTo(root);
        root.SetAction(async (arguments, cancellation) =>
        {
            if (await serving.ReadAsync(arguments, cancellation) is not { } settings) return 130;
            await using var app = Server.Build(settings with { Port = arguments.GetValue(port) });
            await app.StartAsync(cancellation);
            Server.Tell(app);
            await app.WaitForShutdownAsync(cancellation);
            return 0;
        });

        var url = new Option<string?>("--url") { Description = "A server that runs already. Default: one of its own, started for the measurement on a free port.", HelpName = "url" };
        var token = new Option<string?>("--token") { Description = "What the server at --url printed, for --swap-every.", HelpName = "token" };
        var seconds = new Option<double>("--seconds") { Description = "How long to measure, after a second of warming up. Default 10.", DefaultValueFactory = _ => 10, HelpName = "x" };
        var clients = new Option<int>("--clients") { Description = "Clients that each send one request after the other. Default 16.", DefaultValueFactory = _ => 16, HelpName = "n" };
        var swapEvery = new Option<string?>("--swap-every") { Description = "Exchanges the adapter all the while: 500ms, 2s. Default: never.", HelpName = "time" };
        var json = new Option<bool>("--json") { Description = "One JSON object instead of text." };
        url.Validators.Add(result => { if (result.Tokens is [var given] && !(Uri.TryCreate(given.Value, UriKind.Absolute, out var parsed) && parsed.Scheme is ("http" or "https"))) result.AddError("--url must be an address such as http://127.0.0.1:5075."); });
        seconds.Validators.Add(result => { if (!result.Implicit && !(result.GetValueOrDefault<double>() is > 0 and <= 3600)) result.AddError("--seconds must be above 0 and at most 3600."); });
        clients.Validators.Add(result => { if (!result.Implicit && result.GetValueOrDefault<int>() is < 1 or > 1000) result.AddError("--clients must be from 1 to 1000."); });
        swapEvery.Validators.Add(result => { if (result.Tokens is [var time] && Time(time.Value) is null) result.AddError("--swap-every must be a time from 1ms to 1h, such as 500ms or 2s."); });
        var load = new Command("load", "Asks as fast as it can and reports throughput and latencies; exits 1 where a request failed.") { url, token, seconds, clients, swapEvery, json };
        serving.AddTo(load);
        load.SetAction(async (arguments, cancellation) =>
        {
            var plan = new LoadPlan(TimeSpan.FromSeconds(arguments.GetValue(seconds)), arguments.GetValue(clients), Time(arguments.GetValue(swapEvery)));
            bool asJson = arguments.GetValue(json);
            if (arguments.GetValue(url) is { } running) return await LoadCommand.RunAsync(new Uri(running), ownServer: false, arguments.GetValue(token), plan, asJson, cancellation);
            if (await serving.ReadAsync(arguments, cancellation) is not { } settings) return 130;
            await using var app = Server.Build(settings);
            await app.StartAsync(cancellation);
            int code = await LoadCommand.RunAsync(new Uri(Server.Address(app)), ownServer: true, settings.Token, plan, asJson, app.Lifetime.ApplicationStopping);
            await app.StopAsync(CancellationToken.None);
            return code;
        });
        root.Subcommands.Add(load);
        return root;
    }

    /// <summary>"500ms", "2s"; null for anything else.</summary>
    internal static TimeSpan? Time(string? text)
    {
        if (text is null) return null;
        (double unit, string digits) = text.EndsWith("ms", StringComparison.Ordinal) ? (1, text[..^2]) : text.EndsWith('s') ? (1000, text[..^1]) : (0, "");
        return double.TryParse(digits, out double n) && n * unit is >= 1 and <= 3_600_000 ? TimeSpan.FromMilliseconds(n * unit) : null;
    }

    /// <summary>What is the same for serving and for measuring.</summary>
    private sealed class ServeOptions
    {
        private readonly Option<string?> _adapter = new("--adapter") { Description = $"Folder of the adapter. Default: that of the main job ({FirstAdapter.OfMainJob}) where it was trained, else a short training first.", HelpName = "folder" };
        private readonly Option<bool> _merged = new("--merged") { Description = "Adds adapters to the weights." };
        private readonly Option<int?> _maxBatch = new("--max-batch") { Description = "Requests computed together at most; 1: none. Default 16.", HelpName = "n" };
        private readonly Option<int?> _concurrency = new("--concurrency") { Description = "Forwards beside each other. Default: the cores.", HelpName = "n" };
        private readonly Option<int?> _threads = new("--threads") { Description = "Threads of each forward. Default 1.", HelpName = "n" };
        private readonly Option<bool> _watch = new("--watch") { Description = "Takes over what is written to the adapter's folder." };

        public void AddTo(Command command)
        {
            foreach (var option in new Option[] { _adapter, _merged, _maxBatch, _concurrency, _threads, _watch }) command.Options.Add(option);
        }

        /// <summary>The settings; null where the first training was interrupted.</summary>
        public async Task<ServerSettings?> ReadAsync(ParseResult arguments, CancellationToken cancellation)
        {
            string? adapter = arguments.GetValue(_adapter) ?? await FirstAdapter.FindOrTrainAsync(cancellation);
            return adapter is null ? null : new ServerSettings
            {
                Adapter = adapter,
                Merged = arguments.GetValue(_merged),
                MaxBatch = arguments.GetValue(_maxBatch),
                Concurrency = arguments.GetValue(_concurrency),
                Threads = arguments.GetValue(_threads),
                Watch = arguments.GetValue(_watch),
            };
        }
    }
}
