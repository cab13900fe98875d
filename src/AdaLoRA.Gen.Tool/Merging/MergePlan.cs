using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tool.Files;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Merging;

/// <summary>What becomes of every tensor of a base model. Made from headers alone: what does not fit is refused before a byte is written.</summary>
internal sealed class MergePlan
{
    private readonly AdapterFolder _adapter;
    private readonly HuggingFaceCheckpoint _checkpoint;
    private readonly Dictionary<string, SavedTarget> _targets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Key, bool Beside)> _replaced = new(StringComparer.Ordinal);

    private MergePlan(AdapterFolder adapter, HuggingFaceCheckpoint checkpoint, string baseFolder)
    {
        (_adapter, _checkpoint) = (adapter, checkpoint);
        adapter.Config.RefuseWhatChangesTheNumbers(adapter.Folder);
        var names = BaseNames.Find(adapter, checkpoint);
        foreach (var target in adapter.Targets) AddTarget(names.Of(target.Path + ".weight")!, target, baseFolder);
        AddSaved(names);
        AddBeside(names);
        // Where the adapter brings a head from outside of what the base is, the folder holds the whole of it under the names of PEFT's model.
        string front = adapter.Saved.Keys.Any(name => names.Of(name) is null) ? names.Stripped : "";
        Tensors = [.. checkpoint.NamesInFileOrder.Where(name => !IsScale(name)).Select(name => Existing(name, front)), .. Added];
    }

    /// <summary>All tensors of the merged model.</summary>
    public IReadOnlyList<PlannedTensor> Tensors { get; }

    /// <summary>Modules that the base has not and the adapter brings (a new head).</summary>
    public List<PlannedTensor> Added { get; } = [];

    /// <summary>Trained parameters of the program around the model, which have no place in it.</summary>
    public List<string> LeftBeside { get; } = [];

    /// <summary>Targets whose ΔW is added.</summary>
    public int Merged => _targets.Values.Count(t => t.Rank > 0);

    /// <summary>Base parameters that take the adapter's values.</summary>
    public int Replaced => _replaced.Count;

    public static MergePlan Make(AdapterFolder adapter, HuggingFaceCheckpoint checkpoint, string baseFolder) => new(adapter, checkpoint, baseFolder);

    private void AddTarget(string name, SavedTarget target, string baseFolder)
    {
        if (TiedWeights.Why(baseFolder, _checkpoint.Names.ToList(), name, WeightForms.IsEmbedding(target)) is { } why && target.Rank > 0)
        {
            throw new AdaLoRAException($"{why}: merging '{target.Path}' would change both places; leave the adapter unmerged, or untie the weights.");
        }
        var entry = _checkpoint.EntryOf(name);
        if (!Elements.IsFloat(entry.DType) && _checkpoint.ScaleNameOf(name) is null) throw new AdaLoRAException($"'{name}' of '{_checkpoint.Path}' is {entry}; ΔW can be added to F32, F16, BF16 and F64, and to int8 rows with one scale each.");
        _ = WeightForms.Of(_adapter, target, entry.Shape);
        if (!_targets.TryAdd(name, target)) throw new AdaLoRAException($"'{_adapter.Folder}' adapts '{name}' twice.");
    }

    /// <summary>modules_to_save and biases, by the names of PEFT's model.</summary>
    private void AddSaved(BaseNames names)
    {
        HashSet<string> known = [.. _checkpoint.Names];
        foreach (var (name, key) in _adapter.Saved)
        {
            string? own = names.Of(name);
            if (own is not null && known.Contains(own))
            {
                Replace(own, name, key, beside: false);
                continue;
            }
            // A head that the base has not, under the name that PEFT's model had for it.
            Added.Add(new PlannedTensor(own ?? name, _adapter.Entry(key), null, (key, false), null));
        }
    }

    /// <summary>trainable.safetensors, by the names of the program's model: those of the base are found behind the path at which the program holds it.</summary>
    private void AddBeside(BaseNames names)
    {
        foreach (string name in _adapter.Beside)
        {
            string? own = Behind(name).Select(names.Of).FirstOrDefault(n => n is not null && _checkpoint.Names.Contains(n) && _checkpoint.EntryOf(n).Shape.SequenceEqual(_adapter.Entry(name, beside: true).Shape));
            if (own is not null) Replace(own, name, name, beside: true);
            else LeftBeside.Add(name);
        }
    }

    private static IEnumerable<string> Behind(string name)
    {
        yield return name;
        // At least a module and its parameter: "weight" alone would be anybody's.
        for (int dot = name.IndexOf('.'); dot >= 0 && name.IndexOf('.', dot + 1) >= 0; dot = name.IndexOf('.', dot + 1)) yield return name[(dot + 1)..];
    }

    private void Replace(string own, string name, string key, bool beside)
    {
        SafetensorsEntry mine = _adapter.Entry(key, beside), theirs = _checkpoint.EntryOf(own);
        if (!mine.Shape.SequenceEqual(theirs.Shape)) throw new AdaLoRAException($"'{_adapter.Folder}': '{name}' is {Text.Shape(mine.Shape)}, but '{_checkpoint.Path}' has {Text.Shape(theirs.Shape)}; name the base model that the adapter was trained on.");
        if (Elements.IsFloat(mine.DType) != Elements.IsFloat(theirs.DType) && _checkpoint.ScaleNameOf(own) is null) throw new AdaLoRAException($"'{_adapter.Folder}': '{name}' is {mine}, but '{_checkpoint.Path}' has {theirs}; name the base model that the adapter was trained on.");
        _replaced[own] = (key, beside);
    }

    private PlannedTensor Existing(string name, string front) => new(
        front + name,
        _checkpoint.EntryOf(name),
        _checkpoint.ScaleNameOf(name),
        _replaced.TryGetValue(name, out var saved) ? saved : null,
        _targets.TryGetValue(name, out var target) && target.Rank > 0 ? target : null);

    private bool IsScale(string name) => !_checkpoint.Names.Contains(name);
}

/// <summary>One tensor of a merged model.</summary>
/// <param name="Name">Its key in the merged model.</param>
/// <param name="Entry">As the base has it; of one that the base has not, as the adapter has it.</param>
/// <param name="ScaleName">The scales of int8 rows, which become floats.</param>
/// <param name="Saved">The trained values that take the base's place: key and whether it lies in trainable.safetensors.</param>
/// <param name="Target">The adapter whose ΔW is added.</param>
internal sealed record PlannedTensor(string Name, SafetensorsEntry Entry, string? ScaleName, (string Key, bool Beside)? Saved, SavedTarget? Target)
{
    /// <summary>Type in which it is written.</summary>
    /// <param name="wanted">That of every float, in the words of safetensors; null: its own.</param>
    public string DType(string? wanted) => ScaleName is not null ? wanted ?? "F32" : Elements.IsFloat(Entry.DType) ? wanted ?? Entry.DType : Entry.DType;
}
