using System.CommandLine;
using AdaLoRA.Gen.Benchmarks;
using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Compiling;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Workers;
using AdaLoRA.Gen.Native;

// Before anything touches torch: the native library may need help to load.
NativeBackend.Initialize();

var quick = new Option<bool>("--quick") { Description = "All bars in under five minutes on two cores: fewer rounds, wider intervals, no scaling study.", Recursive = true };
var json = new Option<bool>("--json") { Description = "One JSON object a line: one for each bar, then a summary.", Recursive = true };
var filter = new Option<string>("--filter") { Description = "Only bars and groups whose name contains this text, such as h128x16-1t, peft-lora or memory.", DefaultValueFactory = _ => "" };
var steps = new Option<int?>("--steps") { Description = "Measure exactly this many rounds of each timing, however long it takes." };
var device = new Option<string>("--device") { Description = "cpu, or cuda for the groups that run on a device.", DefaultValueFactory = _ => "cpu" };
steps.Validators.Add(r => Require(r.GetValueOrDefault<int?>() is null or >= 1, "--steps must be at least 1.", r));
device.AcceptOnlyFromAmong("cpu", "cuda");

var leak = new Command("leak", "Trains a small model for 2,000 steps and fails when memory or the number of live tensors grows.");
leak.SetAction(arguments =>
{
    NativeThreads.Configure(1);
    var report = LeakCheck.Run(new Progress());
    if (arguments.GetValue(json)) JsonReport.Write(Console.Out, report);
    else TextReport.Write(Console.Out, report);
    return report.Ok ? 0 : 1;
});

var compile = new Command("compile", "Times what a keystroke costs the generator, with its memo and without.");
compile.SetAction(arguments =>
{
    NativeThreads.Configure(1);
    var report = CompileRun.Run(arguments.GetValue(quick), new Progress());
    if (arguments.GetValue(json)) JsonReport.Write(Console.Out, report);
    else TextReport.Write(Console.Out, report);
    return report.Ok ? 0 : 1;
});

// What the program starts itself with for every measurement.
var (workerName, workerArgument) = (new Argument<string>("name"), new Argument<string>("argument"));
var worker = new Command(Worker.Command, "One measurement in this process.") { workerName, workerArgument };
worker.Hidden = true;
worker.SetAction(arguments =>
{
    Console.Out.WriteLine(BarGroups.Workers.First(w => w.Name == arguments.GetValue(workerName)).Serve(arguments.GetValue(workerArgument)!));
    return 0;
});

var root = new RootCommand("Times a training step with AdaLoRA.Gen's adapters against PEFT's operations and against the frozen model. Exit code 1: a bar does not hold.")
{
    quick, json, filter, steps, device, leak, compile, worker,
};
root.SetAction(arguments =>
{
    var options = new RunOptions(arguments.GetValue(quick), arguments.GetValue(steps), arguments.GetValue(device)!, arguments.GetValue(filter)!);
    if (!options.OnCpu && !TorchSharp.torch.cuda.is_available())
    {
        Console.Error.WriteLine($"--device {options.Device}: libtorch sees no such device here ({NativeBackend.Describe()}).");
        return 2;
    }
    var report = Session.Run(options);
    if (report is null)
    {
        Console.Error.WriteLine($"No bar's name contains '{options.Filter}'; the groups and bars are:");
        foreach (var group in BarGroups.All) Console.Error.WriteLine($"  {group.Name}{(group.InQuick ? "" : " (without --quick)")}{string.Concat(group.Bars.Select(b => Environment.NewLine + "    " + b))}");
        return 2;
    }
    if (arguments.GetValue(json)) JsonReport.Write(Console.Out, report);
    else TextReport.Write(Console.Out, report);
    return report.Ok ? 0 : 1;
});
return root.Parse(args).Invoke();

static void Require(bool holds, string sentence, System.CommandLine.Parsing.OptionResult result)
{
    if (!holds) result.AddError(sentence);
}
