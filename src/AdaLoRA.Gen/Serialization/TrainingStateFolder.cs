using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Adapters;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Everything that a resumed run needs to go on bit for bit: <c>training.safetensors</c> (weights, moments, importance averages, mask: the flat buffers as they are) and a readable
/// <c>training.json</c> (step, phases, and the layout that the buffers belong to).
/// </summary>
internal static class TrainingStateFolder
{
    public const string TensorFile = "training.safetensors";
    public const string JsonFile = "training.json";
    private const int FormatVersion = 1;
    private const string StepKey = "step";
    private const string FirstMoment = "trainable.m.";
    private const string SecondMoment = "trainable.v.";

    public static void Write(AdaLoRAOptimizer optimizer, string folder) => AtomicFolder.Write(folder, [TensorFile, JsonFile], temporary =>
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(Path.Combine(temporary, TensorFile), Tensors(optimizer).Select(t => KeyValuePair.Create(t.Key, t.Value.detach().cpu())), Stamp(optimizer.StepsCompleted));
        using var stream = new FileStream(Path.Combine(temporary, JsonFile), FileMode.CreateNew);
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" })) Describe(optimizer).WriteTo(writer);
        stream.Flush(flushToDisk: true);
    });

    public static void Read(AdaLoRAOptimizer optimizer, string folder)
    {
        string path = Path.Combine(folder, JsonFile);
        if (!File.Exists(path)) throw new AdaLoRAException($"'{folder}' holds no training state ({JsonFile}); it cannot be resumed from.");
        var found = Parse(path);
        RefuseOther(optimizer, found, folder);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var file = SafetensorsFile.Open(Path.Combine(folder, TensorFile));
        int step = found["step"]!.GetValue<int>();
        // The two files are replaced one after the other; what stopped in between must not be taken for a state.
        if (file.Metadata.GetValueOrDefault(StepKey) is var stamped && stamped != Text(step)) throw new AdaLoRAException($"'{folder}' was interrupted while it was written: {TensorFile} is of step {stamped ?? "?"}, {JsonFile} of step {Text(step)}; use an earlier one.");
        // A moment that is all zero says what a missing one says.
        optimizer.PrepareTrainableMoments(name => file.Entries.ContainsKey(FirstMoment + name));
        var targets = Tensors(optimizer).ToList();
        // All are read and compared before the first is written.
        var values = targets.Select(t =>
        {
            if (!file.Entries.ContainsKey(t.Key) && (t.Key.StartsWith(FirstMoment, StringComparison.Ordinal) || t.Key.StartsWith(SecondMoment, StringComparison.Ordinal))) return zeros_like(t.Value);
            if (!file.Entries.ContainsKey(t.Key)) throw new AdaLoRAException($"'{folder}' holds no '{t.Key}'; its training state is not complete.");
            var value = file.Read(t.Key);
            if (!value.shape.SequenceEqual(t.Value.shape) || value.dtype != t.Value.dtype)
            {
                throw new AdaLoRAException($"'{folder}': '{t.Key}' is {value.dtype} [{string.Join(", ", value.shape)}], this run has {t.Value.dtype} [{string.Join(", ", t.Value.shape)}].");
            }
            return value;
        }).ToList();
        for (int i = 0; i < targets.Count; i++) targets[i].Value.copy_(values[i]);
        optimizer.Restored(step);
    }

    private static string Text(int step) => step.ToString(CultureInfo.InvariantCulture);

    private static KeyValuePair<string, string>[] Stamp(int step) => [KeyValuePair.Create("format", "pt"), KeyValuePair.Create(StepKey, Text(step))];

    /// <summary>The tensors of a run by name; the same list serves writing and reading.</summary>
    private static IEnumerable<KeyValuePair<string, Tensor>> Tensors(AdaLoRAOptimizer optimizer)
    {
        var arena = optimizer.Set.Arena;
        var state = optimizer.State;
        yield return KeyValuePair.Create("arena.p", arena.P);
        yield return KeyValuePair.Create("arena.mask", arena.Mask);
        yield return KeyValuePair.Create("applied_steps", state.Applied);
        foreach (var (name, tensor) in new[] { ("arena.m", state.M), ("arena.v", state.V), ("arena.sensitivity", state.Sensitivity), ("arena.uncertainty", state.Uncertainty) })
        {
            if (tensor is not null) yield return KeyValuePair.Create(name, tensor);
        }
        foreach (var (name, parameter, m, v) in optimizer.TrainableStates)
        {
            yield return KeyValuePair.Create("trainable." + name, (Tensor)parameter);
            if (m is not null) yield return KeyValuePair.Create(FirstMoment + name, m);
            if (v is not null) yield return KeyValuePair.Create(SecondMoment + name, v);
        }
    }

    private static JsonObject Describe(AdaLoRAOptimizer optimizer)
    {
        var set = optimizer.Set;
        var targets = new JsonArray();
        foreach (var adapter in set.Adapters)
        {
            targets.Add((JsonNode)new JsonObject { ["path"] = adapter.Path, ["rank"] = adapter.InitialRank, ["in"] = adapter.InFeatures, ["out"] = adapter.OutFeatures });
        }
        return new JsonObject
        {
            ["format"] = FormatVersion,
            ["step"] = optimizer.StepsCompleted,
            ["model"] = set.ModelName,
            ["method"] = set.Options.Method.ToString(),
            ["fidelity"] = set.Options.Fidelity.ToString(),
            ["optimizer"] = optimizer.Kind.ToString(),
            ["scale"] = set.Scale,
            ["budget"] = set.Sizing.Budget,
            ["total_steps"] = set.Phases.TotalSteps,
            ["initial_warmup"] = set.Phases.InitialWarmup,
            ["final_warmup"] = set.Phases.FinalWarmup,
            ["interval"] = set.Options.Interval,
            ["beta1"] = set.Options.Beta1,
            ["beta2"] = set.Options.Beta2,
            ["orthogonal_weight"] = set.Options.OrthogonalWeight,
            ["targets"] = targets,
        };
    }

    private static JsonObject Parse(string path)
    {
        try
        {
            if (StrictJson.ReadObject(path) is { } o && o["format"]?.GetValue<int>() == FormatVersion && o["step"]?.GetValue<int>() >= 0) return o;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new AdaLoRAException($"'{path}' is no training state: {e.Message}", e);
        }
        throw new AdaLoRAException($"'{path}' is no training state of format {FormatVersion}.");
    }

    private static void RefuseOther(AdaLoRAOptimizer optimizer, JsonObject found, string folder)
    {
        var expected = Describe(optimizer);
        string Targets(JsonNode? t, int i) => t is JsonArray a && i < a.Count ? a[i]?.ToJsonString() ?? "null" : "nothing";
        int count = Math.Max((found["targets"] as JsonArray)?.Count ?? 0, optimizer.Set.Adapters.Count);
        for (int i = 0; i < count; i++)
        {
            string theirs = Targets(found["targets"], i), ours = Targets(expected["targets"], i);
            if (theirs != ours) throw new AdaLoRAException($"'{folder}' was written by another plan: its target {i + 1} is {theirs}, this run's is {ours}; start with an empty output folder or restore the plan.");
        }
        foreach (string name in (string[])["method", "fidelity", "optimizer", "scale", "budget", "total_steps", "initial_warmup", "final_warmup", "interval", "beta1", "beta2", "orthogonal_weight"])
        {
            string theirs = found[name]?.ToJsonString() ?? "nothing", ours = expected[name]!.ToJsonString();
            if (theirs != ours) throw new AdaLoRAException($"'{folder}' was written with {name} {theirs}, this run has {ours}; start with an empty output folder or restore the value.");
        }
    }
}
