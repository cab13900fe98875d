using System.CommandLine;
using AdaLoRA.Gen.Conformance.Graph;

namespace AdaLoRA.Gen.Conformance.Editing;

/// <summary><c>edits FOLDER</c>: random edits, after each of which the incremental generator has to give what a fresh compilation gives.</summary>
internal static class EditsCommand
{
    public static Command Create(ReportFormat format)
    {
        var folder = new Argument<string>("FOLDER") { Description = "C# files with annotated models to begin with." };
        var sequences = new Option<long>("--sequences") { Description = "How many sequences of edits.", DefaultValueFactory = _ => 1_000 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the sequences.", DefaultValueFactory = _ => 1 };
        var at = new Option<long?>("--at") { Description = "Only this sequence." };
        var threads = new Option<int>("--threads") { Description = "Sequences at a time.", DefaultValueFactory = _ => Math.Clamp(Environment.ProcessorCount, 1, 8) };
        sequences.Validators.Add(r => { if (r.GetValueOrDefault<long>() < 1) r.AddError("--sequences must be at least 1."); });
        threads.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 1) r.AddError("--threads must be at least 1."); });
        var command = new Command("edits", "Edits models at random with one generator kept alive; after each edit, what it generates and what the analyzers report must equal, byte for byte, what a fresh compilation gives.") { folder, sequences, seed, at, threads };
        command.SetAction(arguments => format.Print(arguments, EditRun.Run(
            SourceFolder.Open(arguments.GetValue(folder)!).Written, arguments.GetValue(at) ?? 0, arguments.GetValue(at) is null ? arguments.GetValue(sequences) : 1,
            arguments.GetValue(seed), arguments.GetValue(threads), Console.Error)));
        return command;
    }
}
