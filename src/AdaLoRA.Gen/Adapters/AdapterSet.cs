using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// The adapters of one model: a child module named <c>adalora</c> of its root, with a node per path segment. Names, <c>parameters()</c> and <c>state_dict()</c> of the base stay as
/// they were, and <see cref="Detach"/> restores them exactly.
/// </summary>
public sealed partial class AdapterSet : nn.Module, IDisposable
{
    /// <summary>Name under which the set is registered in the model.</summary>
    public const string ModuleName = "adalora";

    private readonly nn.Module _model;
    private readonly string _modelName;
    private readonly List<Adapter> _adapters = [];
    private readonly Dictionary<string, Adapter> _byPath = new(StringComparer.Ordinal);
    private readonly List<Action> _removeHooks = [];
    private readonly List<string> _frozen = [];
    private readonly List<string> _thawed = [];
    private bool[]? _hostMask;
    private bool _attached;

    private AdapterSet(nn.Module model, string modelName, AdaLoRAOptions options, AdapterSizing sizing, IReadOnlyList<AdapterTarget> targets, IReadOnlyList<int> ranks, bool trainable)
        : base(nameof(AdapterSet))
    {
        _model = model;
        _modelName = modelName;
        Options = options;
        Sizing = sizing;
        IsTrainable = trainable;
        var shapes = targets.Select((t, i) => new AdapterShape(ranks[i], (int)t.Layer.weight.shape[1], (int)t.Layer.weight.shape[0])).ToList();
        var weight = targets[0].Layer.weight;
        foreach (var (path, layer) in targets)
        {
            if (layer.weight.dtype != weight.dtype || !layer.weight.device.IsSame(weight.device))
            {
                throw new AdaLoRAException($"{modelName}: '{path}' is {layer.weight.dtype} on {layer.weight.device} and '{targets[0].Path}' is {weight.dtype} on {weight.device}; bring all targets to one type and device first.");
            }
        }
        Arena = new AdapterArena(new ArenaLayout(shapes, options.Method == AdapterMethod.AdaLoRA), sizing.Scale, ArenaType(weight.dtype), weight.device, trainable);
        for (int i = 0; i < targets.Count; i++)
        {
            var adapter = new Adapter(this, targets[i], i, ranks[i]);
            adapter.Bind(Arena, trainable);
            _adapters.Add(adapter);
            _byPath.Add(adapter.Path, adapter);
        }
    }

    /// <summary>The adapters, ordered by path with whole numbers by value.</summary>
    public IReadOnlyList<Adapter> Adapters => _adapters;

    /// <summary>The values in force: attribute, then configuration, then arguments. Changing them after attach changes nothing that was built from them.</summary>
    public AdaLoRAOptions Options { get; }

    /// <summary>Rank that every adapter started with.</summary>
    public int InitialRank => Sizing.InitialRank;

    /// <summary>Alpha in force.</summary>
    public double Alpha => Sizing.Alpha;

    /// <summary>Factor on every ΔW: alpha ÷ (r + 1e-5) for AdaLoRA, alpha ÷ r for LoRA.</summary>
    public double Scale => Sizing.Scale;

    /// <summary>False for a set that was loaded to be used, not trained: it holds no gradients.</summary>
    public bool IsTrainable { get; }

    /// <summary>Triplets that live, over all adapters.</summary>
    public int TotalRank => _adapters.Sum(a => a.Rank);

    /// <summary>Parameters in living triplets (r × (in + out), + r for Λ) and in fully trained modules.</summary>
    public long TrainableParameterCount =>
        _adapters.Sum(a => (long)a.Rank * (a.InFeatures + a.OutFeatures + (Arena.Layout.HasLambda ? 1 : 0)))
        + TrainableNames.Sum(n => _model.get_parameter(n)?.numel() ?? 0);

    /// <summary>Names of the parameters that are trained in full.</summary>
    public IReadOnlyList<string> TrainableNames { get; private set; } = [];

    internal AdapterArena Arena { get; }

    internal AdapterSizing Sizing { get; }

    internal nn.Module Model => _model;

    internal string ModelName => _modelName;

    /// <summary>The set on a model, or null when it has none.</summary>
    public static AdapterSet? Of(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        foreach (var (name, child) in model.named_children())
        {
            if (name == ModuleName && child is AdapterSet set) return set;
        }
        return null;
    }

    /// <summary>The adapter of one layer.</summary>
    /// <param name="path">Registered path of the layer.</param>
    /// <exception cref="AdaLoRAException">The layer has no adapter.</exception>
    public Adapter Find(string path) => _byPath.TryGetValue(path, out var adapter)
        ? adapter
        : throw new AdaLoRAException($"{_modelName} has no adapter on '{path}'; its adapters are on {string.Join(", ", _adapters.Take(4).Select(a => $"'{a.Path}'"))}{(_adapters.Count > 4 ? ", …" : "")}.");

    /// <summary>Rebuilds the folded factors after <c>lora_A</c> or <c>lora_E</c> was written from outside (a loaded state_dict). <c>train()</c> and <c>eval()</c> do it too.</summary>
    public void Refold() => Arena.Refold();

    /// <inheritdoc/>
    public override void train(bool train = true)
    {
        base.train(train);
        Refold();
    }

    /// <summary>Takes the adapters off the model: hooks, child module and storage are gone, and what was frozen is trainable again. The values of Trainable modules stay as they were trained.</summary>
    public void Detach()
    {
        if (!_attached) return;
        Restore();
        base.Dispose();
    }

    /// <summary>As <see cref="Detach"/>: a set that is disposed by itself does not leave a dead module in its model.</summary>
    public new void Dispose()
    {
        if (_attached) Detach();
        else base.Dispose();
    }

    /// <summary>Whether the set is on its model.</summary>
    internal bool IsAttached => _attached;

    /// <summary>Takes off the model what attaching put there, as far as it came.</summary>
    private void Restore()
    {
        _attached = false;
        foreach (var remove in _removeHooks) remove();
        if (_model.named_children().Any(c => ReferenceEquals(c.module, this))) _model.register_module(ModuleName, null!);
        foreach (string name in _frozen) SetGrad(name, true);
        foreach (string name in _thawed) SetGrad(name, false);

        void SetGrad(string name, bool trained)
        {
            if (_model.get_parameter(name) is { } p) p.requires_grad = trained;
        }
    }

    /// <summary>The mask on the host, in the order of E; read once after each ranking.</summary>
    internal bool[] HostMask()
    {
        if (_hostMask is not null) return _hostMask;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return _hostMask = [.. Arena.Mask.cpu().to(ScalarType.Float64).data<double>().ToArray().Select(v => v != 0)];
    }

    internal void RanksChanged() => _hostMask = null;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (_attached) foreach (var remove in _removeHooks) remove();
            _attached = false;
            foreach (var adapter in _adapters) adapter.Dispose();
            Arena.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>The tree is registered node by node; the model that the set holds is not its child.</summary>
    protected override void RegisterComponents() { }

    /// <summary>Rebuilds the arena; called by the model's own <c>to()</c>.</summary>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => MoveTo(device, ArenaType(dtype));

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => MoveTo(new Device(deviceType, deviceIndex), Arena.DType);

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking) => MoveTo(Arena.Device, ArenaType(dtype));

    // Halves are too coarse for sensitivities and small updates: adapters of such a base stay in fp32.
    private static ScalarType ArenaType(ScalarType baseType) => baseType == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    private AdapterSet MoveTo(Device device, ScalarType dtype)
    {
        if (device.IsSame(Arena.Device) && dtype == Arena.DType) return this;
        Arena.MoveTo(device, dtype);
        foreach (var adapter in _adapters) adapter.Bind(Arena, IsTrainable);
        return this;
    }
}
