using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Globalization;
using AdaLoRA.Gen;
using Quickstart;
using static TorchSharp.torch;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

var seeds = new Option<int[]>("--seed") { Description = "Seeds of adapters and batches, one run each.", DefaultValueFactory = _ => [1], AllowMultipleArgumentsPerToken = true };
var instance = new Option<int>("--problem") { Description = "Which teacher and data are drawn.", DefaultValueFactory = _ => PlantedProblem.DefaultInstance };
var threads = new Option<int>("--threads") { Description = "Intra-op threads; these layers are too small to gain from more than one.", DefaultValueFactory = _ => 1, CustomParser = ThreadsOf };
var losses = new Option<FileInfo?>("--losses") { Description = "A file for the loss of every step, with its bits, so that two builds can be compared.", HelpName = "file" };
var command = new RootCommand("Planted ranks: a teacher's weights differ from ours by updates of known rank; AdaLoRA finds the ranks, plain LoRA with the same number of triplets cannot fit them.") { seeds, instance, threads, losses };

bool started = false;

command.SetAction(arguments =>
{
    set_num_threads(arguments.GetValue(threads));
    using var log = arguments.GetValue(losses) is { } file ? file.CreateText() : TextWriter.Null;
    using var problem = new PlantedProblem(arguments.GetValue(instance));
    foreach (int seed in arguments.GetValue(seeds)!)
    {
        var adalora = Train(problem, AdapterMethod.AdaLoRA, seed, log);
        var lora = Train(problem, AdapterMethod.LoRA, seed, log);
        Report(adalora, lora);
    }
});
return command.Parse(args).Invoke();

// Not a validator: one that reads the value throws where the text is no number.
static int ThreadsOf(ArgumentResult argument)
{
    if (int.TryParse(argument.Tokens[0].Value, out int n) && n >= 1) return n;
    argument.AddError($"--threads is '{argument.Tokens[0].Value}'; it must be a whole number of at least 1.");
    return 1;
}

Outcome Train(PlantedProblem problem, AdapterMethod method, int seed, TextWriter log)
{
    Console.WriteLine($"{method}, seed {seed}: {Experiment.Steps} steps");
    var outcome = Experiment.Run(problem, method, seed, (step, loss) =>
    {
        if (!started) Console.WriteLine($"  first step {(DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds:0.00} s after the program's start");
        started = true;
        if (step % 250 == 0) Console.WriteLine($"  step {step,4}  loss {loss:0.0000}");
        log.WriteLine($"{method} seed {seed} step {step} loss {BitConverter.SingleToUInt32Bits(loss):x8} {loss:R}");
    });
    Console.WriteLine($"  {outcome.Seconds:0.0} s");
    log.WriteLine($"{method} seed {seed} error {BitConverter.DoubleToUInt64Bits(outcome.Error):x16} {outcome.Error:R} ranks {string.Join(' ', outcome.Ranks)}");
    return outcome;
}

static void Report(Outcome adalora, Outcome lora)
{
    Console.WriteLine();
    Console.WriteLine("layer              " + string.Join(" ", Enumerable.Range(0, PlantedMlp.Depth).Select(i => $"{i,3}")));
    Console.WriteLine("planted rank       " + string.Join(" ", PlantedProblem.Ranks.Select(r => $"{r,3}")));
    Console.WriteLine("found by AdaLoRA   " + string.Join(" ", adalora.Ranks.Select(r => $"{r,3}")));
    Console.WriteLine("plain LoRA         " + string.Join(" ", lora.Ranks.Select(r => $"{r,3}")));
    Console.WriteLine();
    Console.WriteLine($"AdaLoRA     test error {adalora.Error:0.0000} of the unadapted model's, rank overlap {adalora.Overlap:0.00}");
    Console.WriteLine($"plain LoRA  test error {lora.Error:0.0000} with the same {lora.Ranks.Sum()} triplets");
    Console.WriteLine();
}
