using System.CommandLine;
using System.Globalization;
using DashboardSample;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

var folder = new Argument<DirectoryInfo?>("folder") { Description = "Shows the past runs below this folder and trains nothing.", Arity = ArgumentArity.ZeroOrOne };
var port = new Option<int>("--port") { Description = "Port on 127.0.0.1; a free one is taken where it is in use.", DefaultValueFactory = _ => 5117 };
var steps = new Option<int>("--steps") { Description = "Steps of the run.", DefaultValueFactory = _ => 6_000 };
var delay = new Option<int>("--delay") { Description = "Milliseconds to wait before each step; without them the run is over in seconds.", DefaultValueFactory = _ => 20 };
var output = new Option<DirectoryInfo>("--output") { Description = "Folder of the runs; each start makes one in it, and the page shows all.", DefaultValueFactory = _ => new DirectoryInfo("out/dashboard") };
port.Validators.Add(r => { if (r.GetValueOrDefault<int>() is < 0 or > 65535) r.AddError("--port must be from 0 to 65535."); });
steps.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 1) r.AddError("--steps must be at least 1."); });
delay.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 0) r.AddError("--delay must be at least 0."); });
folder.Validators.Add(r => { if (r.GetValueOrDefault<DirectoryInfo?>() is { Exists: false } f) r.AddError($"There is no folder '{f}'."); });
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
