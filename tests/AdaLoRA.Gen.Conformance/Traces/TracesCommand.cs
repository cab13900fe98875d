using System.CommandLine;

namespace AdaLoRA.Gen.Conformance.Traces;

/// <summary><c>traces FOLDER</c>: golden trainings, replayed. Errors are relative to each tensor's largest value.</summary>
internal static class TracesCommand
{
    public static Command Create(ReportFormat format)
    {
        var folder = new Argument<string>("FOLDER") { Description = "Holds net.safetensors and, for each trace, <name>.json and <name>.safetensors." };
        var command = new Command("traces", "Replays recorded trainings (PEFT's, the paper's package's, Algorithm 1's, plain LoRA) and compares every step: in float64 to 1e-10, in float32 pattern and λ to 5e-4.") { folder };
        command.SetAction(arguments => format.Print(arguments, Run(arguments.GetValue(folder)!)));
        return command;
    }

    /// <summary>Every trace of a folder in every element type.</summary>
    /// <exception cref="AdaLoRAException">The folder is no trace folder.</exception>
    public static IEnumerable<CaseResult> Run(string folder)
    {
        foreach (string name in Names(folder))
        {
            foreach (var kind in Enum.GetValues<ReplayKind>()) yield return TraceCheck.Run(folder, name, kind);
        }
    }

    /// <summary>The traces of a folder, by name.</summary>
    public static IReadOnlyList<string> Names(string folder)
    {
        if (!Directory.Exists(folder)) throw new AdaLoRAException($"There is no folder '{folder}'; name one of the form of tests/fixtures/traces.");
        if (!File.Exists(Path.Combine(folder, TraceReplay.NetFile))) throw new AdaLoRAException($"'{folder}' holds no {TraceReplay.NetFile}; it is no trace folder.");
        string[] names = [.. Directory.GetFiles(folder, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];
        return names.Length > 0 ? names : throw new AdaLoRAException($"'{folder}' holds no <trace>.json.");
    }
}
