using System.Text.Json;
using AdaLoRA.Gen.Native;
using AdaLoRA.Gen.Serialization;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// What is in one checkpoint: <c>state.json</c> (where the run stands), <c>training.safetensors</c> and <c>training.json</c> (the optimizer's state), and <c>adapter</c>, a folder that PEFT reads.
/// </summary>
internal static class CheckpointFolder
{
    public const string StateFile = "state.json";
    public const string AdapterFolder = "adapter";

    /// <summary>Writes all of it into an empty folder, to the disk.</summary>
    public static void Write(string folder, AdaLoRAOptimizer optimizer, AdapterSet adapters, CheckpointState state)
    {
        optimizer.SaveState(folder);
        adapters.Save(Path.Combine(folder, AdapterFolder));
        state.Plan = Fingerprint(TrainingDescription.Of(optimizer)) ?? "";
        state.Versions = new WriterVersions(Version(typeof(AdaLoRAOptimizer)), Version(typeof(torch)), NativeBackend.Check().LibtorchVersion.ToString());
        state.Written = DateTimeOffset.UtcNow;
        AtomicFile.Write(Path.Combine(folder, StateFile), file => RandomAccess.Write(file, JsonSerializer.SerializeToUtf8Bytes(state, HostingJson.Default.CheckpointState), 0));
        FolderSync.Flush(folder);
    }

    /// <summary>Reads a checkpoint's state after looking whether all its files are there, whole, and of one moment.</summary>
    /// <exception cref="AdaLoRAException">They are not. (Whether they fit a run is for that run to say.)</exception>
    public static CheckpointState Read(string folder)
    {
        var state = ReadState(folder);
        if (TrainingStateFolder.WhyIncomplete(folder) is { } why) throw new AdaLoRAException($"The checkpoint '{folder}' is not complete: {why.TrimEnd('.')}.");
        var description = TrainingDescription.Read(Path.Combine(folder, TrainingStateFolder.JsonFile));
        int step = description[TrainingDescription.Step]!.GetValue<int>();
        if (step != state.Step || step + TrainingDescription.Skipped(description) != state.Attempts || Fingerprint(description) != state.Plan)
        {
            throw new AdaLoRAException($"The checkpoint '{folder}' is not complete: {StateFile} is of step {state.Step} and {TrainingStateFolder.JsonFile} of step {step}, or of another plan or number of skipped steps.");
        }
        return state;
    }

    private static CheckpointState ReadState(string folder)
    {
        try
        {
            using var stream = File.OpenRead(Path.Combine(folder, StateFile));
            var state = JsonSerializer.Deserialize(stream, HostingJson.Default.CheckpointState);
            if (state is { Format: CheckpointState.CurrentFormat, Step: >= 0, Options: not null, Evaluations: not null, Losses: not null, Best: null or { Evaluation: not null } } && state.Evaluations.All(e => e is { Evaluation: not null })) return RequireThreads(folder, state);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new AdaLoRAException($"The checkpoint '{folder}' cannot be read: {e.Message}", e);
        }
        throw new AdaLoRAException($"The checkpoint '{folder}' is not of format {CheckpointState.CurrentFormat}; resume it with the version that wrote it, or delete it.");
    }

    // The number goes to the runtime, which would start as many as it is told.
    private static CheckpointState RequireThreads(string folder, CheckpointState state) => state.Threads is >= 1 and <= CheckpointState.MostThreads
        ? state
        : throw new AdaLoRAException($"The checkpoint '{folder}' is damaged: {StateFile} names {state.Threads} threads, which must be from 1 to {CheckpointState.MostThreads}.");

    private static string? Fingerprint(System.Text.Json.Nodes.JsonObject description) =>
        description["fingerprint"] is System.Text.Json.Nodes.JsonValue v && v.TryGetValue(out string? text) ? text : null;

    private static string Version(Type type) => type.Assembly.GetName().Version?.ToString() ?? "?";
}
