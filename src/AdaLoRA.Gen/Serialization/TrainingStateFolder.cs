using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Everything that a resumed run needs to go on bit for bit: <c>training.safetensors</c> (weights, moments, importance averages, mask: the flat buffers as they are; trained parameters,
/// the model's buffers, and torch's random state) and a readable <c>training.json</c> (step, phases, and the layout that the buffers belong to).
/// </summary>
internal static class TrainingStateFolder
{
    public const string TensorFile = "training.safetensors";
    public const string JsonFile = "training.json";
    private const string StepKey = "step";
    private const string FirstMoment = "trainable.m.";
    private const string SecondMoment = "trainable.v.";
    private const string RandomState = "random.cpu";

    public static void Write(AdaLoRAOptimizer optimizer, string folder) => AtomicFolder.Write(folder, [TensorFile, JsonFile], temporary =>
    {
        using var scope = NewDisposeScope();
        var tensors = Tensors(optimizer).Select(t => KeyValuePair.Create(t.Key, t.Value.detach().cpu())).Append(KeyValuePair.Create(RandomState, get_rng_state()));
        SafetensorsWriter.Write(Path.Combine(temporary, TensorFile), tensors, Stamp(optimizer.StepsCompleted));
        using var stream = new FileStream(Path.Combine(temporary, JsonFile), FileMode.CreateNew);
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" })) TrainingDescription.Of(optimizer).WriteTo(writer);
        stream.Flush(flushToDisk: true);
    });

    public static void Read(AdaLoRAOptimizer optimizer, string folder)
    {
        var found = ReadDescription(folder);
        TrainingDescription.RequireSame(optimizer, found, folder);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var file = SafetensorsFile.Open(Path.Combine(folder, TensorFile));
        int step = found[TrainingDescription.Step]!.GetValue<int>();
        // The two files are replaced one after the other; what stopped in between must not be taken for a state.
        if (file.Metadata.GetValueOrDefault(StepKey) is var stamped && stamped != Text(step)) throw new AdaLoRAException($"'{folder}' was interrupted while it was written: {TensorFile} is of step {stamped ?? "?"}, {JsonFile} of step {Text(step)}; use an earlier one.");
        int[][]? kept = TrainingDescription.Compaction(optimizer, found, folder);
        var layout = kept is null ? optimizer.Set.Arena.Layout : new Compaction(optimizer.Set.Arena.Layout, kept).Layout;
        // A moment that is all zero says what a missing one says.
        optimizer.PrepareTrainableMoments(name => file.Entries.ContainsKey(FirstMoment + name));
        // All are read and compared before the first is written.
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, target) in Tensors(optimizer))
        {
            bool isMoment = name.StartsWith(FirstMoment, StringComparison.Ordinal) || name.StartsWith(SecondMoment, StringComparison.Ordinal);
            if (!file.Entries.ContainsKey(name)) values[name] = isMoment ? zeros_like(target) : throw new AdaLoRAException($"'{folder}' holds no '{name}'; its training state is not complete.");
            else values[name] = Checked(file.Read(name), name, target, ShapeIn(layout, name) ?? target.shape, folder);
        }
        var random = file.Entries.ContainsKey(RandomState) ? Checked(file.Read(RandomState), RandomState, get_rng_state(), null, folder) : null;
        if (kept is not null) optimizer.ShrinkTo(kept);
        foreach (var (name, target) in Tensors(optimizer)) target.copy_(values[name]);
        optimizer.Restored(step, TrainingDescription.Skipped(found), TrainingDescription.SkippedInARow(found), TrainingDescription.WithGradient(found));
        if (random is not null) set_rng_state(random);
    }

    /// <summary>Whether a folder holds both files of one moment, told without a model; null when it does, else why not.</summary>
    public static string? WhyIncomplete(string folder)
    {
        try
        {
            var found = ReadDescription(folder);
            using var file = SafetensorsFile.Open(Path.Combine(folder, TensorFile));
            string step = Text(found[TrainingDescription.Step]!.GetValue<int>());
            return file.Metadata.GetValueOrDefault(StepKey) == step ? null : $"{TensorFile} and {JsonFile} are of different steps";
        }
        catch (Exception e) when (e is AdaLoRAException or SafetensorsException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private static JsonObject ReadDescription(string folder)
    {
        string path = Path.Combine(folder, JsonFile);
        if (!File.Exists(path)) throw new AdaLoRAException($"'{folder}' holds no training state ({JsonFile}); it cannot be resumed from.");
        return TrainingDescription.Read(path);
    }

    private static Tensor Checked(Tensor value, string name, Tensor target, long[]? shape, string folder)
    {
        shape ??= target.shape;
        if (value.shape.SequenceEqual(shape) && value.dtype == target.dtype) return value;
        throw new AdaLoRAException($"'{folder}': '{name}' is {value.dtype} [{string.Join(", ", value.shape)}], this run has {target.dtype} [{string.Join(", ", shape)}].");
    }

    /// <summary>Size of an arena's buffer under a layout; null for other tensors.</summary>
    private static long[]? ShapeIn(ArenaLayout layout, string name) => name switch
    {
        "arena.mask" => [layout.Triplets],
        _ when name.StartsWith("arena.", StringComparison.Ordinal) => [layout.Total],
        _ => null,
    };

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
        // Running statistics of a frozen batch norm move while the model trains.
        foreach (var (name, buffer) in optimizer.Set.Model.named_buffers())
        {
            if (!AdapterSet.IsOwn(optimizer.Set.Model, name)) yield return KeyValuePair.Create("buffer." + name, buffer);
        }
    }
}
