using System.CommandLine;
using AdaLoRA.Gen.Benchmarks;
using AdaLoRA.Gen.Benchmarks.Compiling;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Native;

// Before anything touches torch: the native library may need help to load.
NativeBackend.Initialize();

var quick = new Option<bool>("--quick") { Description = "Under three minutes: fewer rounds, wider intervals.", Recursive = true };
var json = new Option<bool>("--json") { Description = "One JSON object a line: one for each bar, then a summary.", Recursive = true };
var filter = new Option<string>("--filter") { Description = "Only bars whose name contains this text, such as h128x16 or peft-lora.", DefaultValueFactory = _ => "" };
var steps = new Option<int?>("--steps") { Description = "Measure exactly this many rounds of each shape, however long it takes." };
var threads = new Option<int>("--threads") { Description = "Intra-op threads.", DefaultValueFactory = _ => 1, Recursive = true };
steps.Validators.Add(r => Require(r.GetValueOrDefault<int?>() is null or >= 1, "--steps must be at least 1.", r));
threads.Validators.Add(r => Require(r.GetValueOrDefault<int>() >= 1, "--threads must be at least 1.", r));

var leak = new Command("leak", "Trains a small model for 2,000 steps and fails when memory or the number of live tensors grows.");
leak.SetAction(arguments =>
{
    NativeThreads.Configure(arguments.GetValue(threads));
    var report = LeakCheck.Run(new Progress());
    if (arguments.GetValue(json)) JsonReport.Write(Console.Out, report);
    else TextReport.Write(Console.Out, report);
    return report.Ok ? 0 : 1;
});

var compile = new Command("compile", "Times what a keystroke costs the generator, with its memo and without.");
compile.SetAction(arguments =>
{
    var report = CompileRun.Run(arguments.GetValue(quick), new Progress());
    if (arguments.GetValue(json)) JsonReport.Write(Console.Out, report);
    else TextReport.Write(Console.Out, report);
    return report.Ok ? 0 : 1;
});

var root = new RootCommand("Times a training step with AdaLoRA.Gen's adapters against PEFT's operations and against the frozen model. Exit code 1: a required bar does not hold.")
{
    quick, json, filter, steps, threads, leak, compile, AdaLoRA.Gen.Benchmarks.Int8.Int8Command.Create(),
};
root.SetAction(arguments =>
{
    NativeThreads.Configure(arguments.GetValue(threads));
    var report = Session.Run(arguments.GetValue(filter)!, arguments.GetValue(quick), arguments.GetValue(steps), new Progress());
    if (report is null)
    {
        Console.Error.WriteLine($"No bar's name contains '{arguments.GetValue(filter)}'; the bars are:{Environment.NewLine}{string.Join(Environment.NewLine, Bar.All.Select(b => "  " + b.Name))}");
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
