using System.CommandLine;

namespace AdaLoRA.Gen.Conformance.Fuzzing;

/// <summary><c>fuzz</c>: damaged inputs for every reader. The error of a case is the largest part of the allowed memory that an input took.</summary>
internal static class FuzzCommand
{
    public static Command Create(ReportFormat format)
    {
        var count = new Option<long>("--count") { Description = "Inputs in total, shared among the readers.", DefaultValueFactory = _ => 1_000_000 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the inputs.", DefaultValueFactory = _ => 1 };
        var reader = new Option<string>("--reader") { Description = "The reader to attack.", DefaultValueFactory = _ => "all" };
        var at = new Option<long?>("--at") { Description = "Only this input of each reader." };
        var dump = new Option<string?>("--dump") { Description = "Folder for the bytes of failing inputs." };
        reader.AcceptOnlyFromAmong(FuzzTargets.Readers);
        count.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<long>() < 1) r.AddError("--count must be at least 1.");
        });
        var command = new Command("fuzz", "Feeds damaged files to the readers of safetensors, adapter_config.json, GGUF, training.json and state.json. Only the library's own exceptions may come out; memory and time are limited.") { count, seed, reader, at, dump };
        command.SetAction(arguments => format.Print(arguments, Run(
            FuzzTargets.Of(arguments.GetValue(reader)!), arguments.GetValue(at) ?? 0, arguments.GetValue(at) is null ? arguments.GetValue(count) : null, arguments.GetValue(seed), arguments.GetValue(dump))));
        return command;
    }

    /// <param name="targets">The readers.</param>
    /// <param name="first">First input of each.</param>
    /// <param name="total">Inputs in total; null for one of each reader.</param>
    /// <param name="seed">Seed of the inputs.</param>
    /// <param name="dump">Folder for failing inputs; null for none.</param>
    public static IEnumerable<CaseResult> Run(IReadOnlyList<FuzzTargetKind> targets, long first, long? total, ulong seed, string? dump = null)
    {
        long each = total is { } count ? (count - 1) / targets.Count + 1 : 1;
        return targets.SelectMany(target => FuzzRun.Run(target, first, each, seed, dump));
    }
}
