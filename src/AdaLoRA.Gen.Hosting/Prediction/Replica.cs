using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

/// <summary>One instance of the model with one adapter at a time. It is written only while nobody computes with it.</summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
internal sealed class Replica<TModel> : IDisposable
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    private readonly SharedTensors _base;
    private readonly HashSet<string> _own = new(StringComparer.Ordinal);
    private AdapterSet? _set;

    public Replica(TModel model, SharedTensors @base)
    {
        (Model, _base) = (model, @base);
        foreach (var parameter in model.parameters())
        {
            if (parameter.is_floating_point()) parameter.requires_grad = false;
        }
        model.eval();
    }

    public TModel Model { get; }

    /// <summary>The adapter that is on it; null between two.</summary>
    public AdapterInfo? Adapter { get; set; }

    /// <summary>Forwards under way; guarded by <see cref="ReplicaSwitch{TModel}"/>.</summary>
    public int Users { get; set; }

    /// <summary>Puts an adapter on. Where that fails, the base is on it again.</summary>
    /// <returns>Its method, layers and triplets.</returns>
    public (AdapterMethod Method, int Layers, int TotalRank) Put(string folder, bool merged)
    {
        try
        {
            _set = PeftFolderReader.Load(Model, TModel.Plan.ModelName, folder, TModel.Plan.CreateOptions().CheckpointRoot, trainable: false, AdapterSet.DefaultName, Own);
            RequireFinite(folder);
            var found = (_set.Options.Method, _set.Adapters.Count, _set.TotalRank);
            if (merged)
            {
                Own(_set.Adapters.Where(a => a.InitialRank > 0).Select(a => a.Path + ".weight"));
                // The shared tensors are the copy that an unmerge would need.
                _set.MergeAndDetach();
                _set = null;
            }
            Model.eval();
            return found;
        }
        catch
        {
            Clear();
            throw;
        }
    }

    /// <summary>Takes the adapter off: what remains is the base, to the last bit, since it is the base's own storage.</summary>
    public void Clear()
    {
        _set?.Dispose();
        _set = null;
        foreach (string name in _own) _base.PutBack(Model, name);
        _own.Clear();
        Adapter = null;
    }

    public void Dispose()
    {
        _set?.Dispose();
        Model.Dispose();
    }

    private void Own(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            if (_own.Add(name)) _base.Copy(Model, name);
        }
    }

    // A training that diverged is saved like any other, and every answer would be NaN.
    private void RequireFinite(string folder)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        string? bad = _set!.Adapters.Where(a => a.InitialRank > 0 && !(IsFinite(a.lora_A) && IsFinite(a.lora_B) && (a.lora_E is not { } e || IsFinite(e)))).Select(a => a.Path)
            .Concat(_own.Where(name => !IsFinite(Adapters.TrainedValues.Find(Model, name)))).FirstOrDefault();
        if (bad is not null) throw new AdaLoRAException($"'{folder}' holds values for '{bad}' that are NaN or infinite; look for a diverged training.");

        static bool IsFinite(Tensor t) => !t.is_floating_point() || t.isfinite().all().item<bool>();
    }
}
