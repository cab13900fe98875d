using System.CommandLine;
using System.Text.Json;
using AdaLoRA.Gen.Benchmarks.Reporting;

namespace AdaLoRA.Gen.Benchmarks.Int8;

/// <summary><c>int8-step</c>: in a process of its own, since a peak is a process's.</summary>
internal static class Int8Command
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public static Command Create()
    {
        var layers = new Option<int>("--layers") { Description = "Depth of the model; the bar is for 32.", DefaultValueFactory = _ => 32 };
        var steps = new Option<int>("--count") { Description = "How many steps to take.", DefaultValueFactory = _ => 1 };
        var threads = new Option<int>("--intra-op") { Description = "Intra-op threads.", DefaultValueFactory = _ => Environment.ProcessorCount };
        foreach (var option in (Option<int>[])[layers, steps, threads])
            option.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 1) r.AddError($"{option.Name} must be at least 1."); });
        var command = new Command("int8-step", "Takes a training step of AdaLoRA on a Llama-8B-shaped base of random int8 rows, 16 tokens, and prints one JSON object. Needs 9 GiB of free memory.") { layers, steps, threads };
        command.SetAction(arguments =>
        {
            NativeThreads.Configure(arguments.GetValue(threads));
            var report = Int8Step.Run(arguments.GetValue(layers), arguments.GetValue(steps), new Progress());
            Console.Out.WriteLine(JsonSerializer.Serialize(report, Options));
            return report.Ok == false ? 1 : 0;
        });
        return command;
    }
}
