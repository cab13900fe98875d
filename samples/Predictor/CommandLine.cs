using System.CommandLine;

namespace PredictorSample;

/// <summary>The command line. Without a command the program serves.</summary>
internal static class CommandLine
{
    public static RootCommand Build()
    {
        var serving = new ServeOptions();
        var port = Numbers.Whole("--port", "Port on 127.0.0.1; 0 takes a free one.", 0, 65535, 5075);

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
        var seconds = Numbers.Seconds("--seconds", "How long to measure, after a second of warming up.", 3600, 10);
        var clients = Numbers.Whole("--clients", "Clients that each send one request after the other.", 1, 1000, 16);
        var swapEvery = new Option<string?>("--swap-every") { Description = "Exchanges the adapter all the while: 500ms, 2s. Default: never.", HelpName = "time" };
        var json = new Option<bool>("--json") { Description = "One JSON object instead of text." };
        url.Validators.Add(result => { if (result.Tokens is [var given] && !(Uri.TryCreate(given.Value, UriKind.Absolute, out var parsed) && parsed.Scheme is ("http" or "https"))) result.AddError("--url must be an address such as http://127.0.0.1:5075."); });
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
        private readonly Option<int?> _maxBatch = Numbers.WholeOrNone("--max-batch", "Requests computed together at most; 1: none. Default 16.", 1);
        private readonly Option<int?> _concurrency = Numbers.WholeOrNone("--concurrency", "Forwards beside each other. Default: the cores.", 1);
        private readonly Option<int?> _threads = Numbers.WholeOrNone("--threads", "Threads of each forward. Default 1.", 1);
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
