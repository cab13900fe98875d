using System.CommandLine;
using System.Globalization;
using DashboardSample;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

var folder = new Argument<DirectoryInfo?>("folder") { Description = "Shows the past runs below this folder and trains nothing.", Arity = ArgumentArity.ZeroOrOne };
var port = Whole("--port", "Port on 127.0.0.1; a free one is taken where it is in use.", 5117, 0, 65535);
var steps = Whole("--steps", "Steps of the run.", 6_000, 1, int.MaxValue);
var delay = Whole("--delay", "Milliseconds to wait before each step; without them the run is over in seconds.", 20, 0, int.MaxValue);
var output = new Option<DirectoryInfo>("--output") { Description = "Folder of the runs; each start makes one in it, and the page shows all.", DefaultValueFactory = _ => new DirectoryInfo("out/dashboard") };
folder.Validators.Add(r => { if (r.Tokens is [var named] && !Directory.Exists(named.Value)) r.AddError($"There is no folder '{named.Value}'."); });
var command = new RootCommand("A small training that takes some minutes, and the dashboard that shows it.") { folder, port, steps, delay, output };

command.SetAction(async (arguments, stop) =>
{
    var app = arguments.GetValue(folder) is { } past
        ? DashboardApp.Show(past, arguments.GetValue(port))
        : DashboardApp.Train(arguments.GetValue(output)!, arguments.GetValue(steps), TimeSpan.FromMilliseconds(arguments.GetValue(delay)), arguments.GetValue(port));
    return await DashboardApp.RunAsync(app);
});
// The host waits for the step under way and its checkpoint when Ctrl-C is pressed; the parser must not cut it short.
return await command.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = null });

// Parses the text itself: a validator that reads the value throws where the text is no number.
static Option<int> Whole(string name, string description, int standard, int from, int to) => new(name)
{
    Description = description,
    DefaultValueFactory = _ => standard,
    CustomParser = argument =>
    {
        if (int.TryParse(argument.Tokens[0].Value, out int n) && n >= from && n <= to) return n;
        argument.AddError($"{name} is '{argument.Tokens[0].Value}'; it must be a whole number from {from} to {to}.");
        return standard;
    },
};
