using AdaLoRA.Gen.Adapters;
using TorchSharp;


namespace AdaLoRA.Gen;

/// <summary>Receives the targets of a model from generated code, see <see cref="IAdaLoRAModel{TSelf}.CollectTargets"/>.</summary>
public sealed class AdapterTargetCollector
{
    private readonly List<AdapterTarget> _targets = [];
    private readonly HashSet<torch.nn.Module> _seen = new(ReferenceEqualityComparer.Instance);

    internal IReadOnlyList<AdapterTarget> Targets => _targets;

    /// <summary>Adds one layer. A layer that was added before (the same module in two fields) and a null layer are skipped: they register no second set of parameters.</summary>
    /// <param name="path">Registered path of the layer in the model.</param>
    /// <param name="layer">The layer itself.</param>
    /// <exception cref="AdaLoRAException">The layer is of a kind that cannot be adapted.</exception>
    public void Add(string path, torch.nn.Module? layer)
    {
        if (layer is null || !_seen.Add(layer)) return;
        var adapted = AdaptedLayer.Of(layer) ?? throw new AdaLoRAException($"'{path}' is a {layer.GetType().Name}; adapters go on {AdaptedLayer.Kinds}.");
        _targets.Add(new AdapterTarget(path, adapted));
    }
}

/// <summary>A layer that is to be adapted, with its registered path.</summary>
internal readonly record struct AdapterTarget(string Path, AdaptedLayer Layer);
