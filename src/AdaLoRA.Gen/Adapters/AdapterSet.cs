using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Budget;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// The adapters of one model: a child module of its root (<c>adalora</c>, or <c>adalora_NAME</c> for a set with a name of its own), with a node per path segment. Names,
/// <c>parameters()</c> and <c>state_dict()</c> of the base stay as they were, and <see cref="Detach"/> restores them exactly. A model may have several sets; one at a time computes.
/// </summary>
public sealed partial class AdapterSet : nn.Module, IDisposable
{
    /// <summary>Name under which the set of the default name is registered in the model.</summary>
    public const string ModuleName = "adalora";

    /// <summary>Name of a set that was given none.</summary>
    public const string DefaultName = "default";

    private readonly nn.Module _model;
    private readonly string _modelName;
    private readonly List<Adapter> _adapters = [];
    private readonly Dictionary<string, Adapter> _byPath = new(StringComparer.Ordinal);
    private readonly Dictionary<Adapter, Action> _removeHooks = [];
    private readonly List<string> _frozen = [];
    private readonly List<string> _thawed = [];
    private bool[]? _hostMask;
    private bool _attached;

    private AdapterSet(nn.Module model, string modelName, string name, AdaLoRAOptions options, AdapterSizing sizing, IReadOnlyList<AdapterTarget> targets, IReadOnlyList<AdapterShape> shapes, bool trainable)
        : base(nameof(AdapterSet))
    {
        _model = model;
        _modelName = modelName;
        Name = name;
        Options = options;
        Sizing = sizing;
        IsTrainable = trainable;
        var (type, device) = (targets[0].Layer.DType, targets[0].Layer.Weight.device);
        foreach (var (path, layer) in targets)
        {
            if (layer.DType != type || !layer.Weight.device.IsSame(device))
            {
                throw new AdaLoRAException($"{modelName}: '{path}' is {layer.DType} on {layer.Weight.device} and '{targets[0].Path}' is {type} on {device}; bring all targets to one type and device first.");
            }
        }
        Arena = new AdapterArena(new ArenaLayout(shapes, options.Method == AdapterMethod.AdaLoRA), ArenaType(type), device, trainable);
        for (int i = 0; i < targets.Count; i++)
        {
            var adapter = new Adapter(this, targets[i], i, shapes[i].Rank);
            adapter.Bind(Arena, trainable);
            _adapters.Add(adapter);
            _byPath.Add(adapter.Path, adapter);
        }
    }

    /// <summary>The name by which the set is told from others on the same model.</summary>
    public string Name { get; }

    /// <summary>The adapters, ordered by path with whole numbers by value.</summary>
    public IReadOnlyList<Adapter> Adapters => _adapters;

    /// <summary>The values in force: attribute, then configuration, then arguments. Changing them after attach changes nothing that was built from them.</summary>
    public AdaLoRAOptions Options { get; }

    /// <summary>Rank that every adapter started with.</summary>
    public int InitialRank => Sizing.InitialRank;

    /// <summary>Alpha in force.</summary>
    public double Alpha => Sizing.Alpha;

    /// <summary>Factor on every ΔW: alpha ÷ (r + 1e-5) for AdaLoRA, alpha ÷ r for LoRA. A LoRA folder may give layers one of their own, see <see cref="Adapter.Scale"/>.</summary>
    public double Scale => Sizing.Scale;

    /// <summary>False for a set that was loaded to be used, not trained: it holds no gradients.</summary>
    public bool IsTrainable { get; }

    /// <summary>Triplets that live, over all adapters.</summary>
    public int TotalRank => _adapters.Sum(a => a.Rank);

    /// <summary>Parameters in living triplets (r × (in + out), + r for Λ) and in fully trained modules.</summary>
    public long TrainableParameterCount =>
        _adapters.Sum(a => (long)a.Rank * (a.InFeatures + a.OutFeatures + (Arena.Layout.HasLambda ? 1 : 0)))
        + TrainableNames.Sum(n => _model.get_parameter(n)?.numel() ?? 0);

    /// <summary>Names of the parameters that are trained in full: those of <see cref="AdaLoRAOptions.Trainable"/> and the biases of <see cref="AdaLoRAOptions.Bias"/>.</summary>
    public IReadOnlyList<string> TrainableNames { get; private set; } = [];

    /// <summary>Parameters of the base that go where the set goes: those it trains, and the weights that its folder brought along.</summary>
    internal IReadOnlyList<string> CarriedNames { get; private set; } = [];

    /// <summary>Whether the arena was shrunk to the surviving triplets.</summary>
    public bool IsCompacted { get; private set; }

    internal AdapterArena Arena { get; }

    internal AdapterSizing Sizing { get; }

    internal RankLimit[]? Limits { get; private set; }

    internal nn.Module Model => _model;

    internal string ModelName => _modelName;

    internal string OwnModuleName => Name == DefaultName ? ModuleName : $"{ModuleName}_{Name}";

    /// <summary>The set that computes on a model; when none does, the first in order of name; null when it has none.</summary>
    public static AdapterSet? Of(nn.Module model)
    {
        var sets = All(model);
        return sets.FirstOrDefault(s => s.IsActive) ?? (sets.Count > 0 ? sets[0] : null);
    }

    /// <summary>The set of a name.</summary>
    /// <param name="model">The model.</param>
    /// <param name="name">As given when the set was attached or loaded.</param>
    /// <exception cref="AdaLoRAException">The model has no set of that name.</exception>
    public static AdapterSet Of(nn.Module model, string name)
    {
        var sets = All(model);
        return sets.FirstOrDefault(s => s.Name == name) ?? throw new AdaLoRAException(sets.Count == 0
            ? $"{model.GetType().Name} has no adapters; attach or load some first."
            : $"{model.GetType().Name} has no adapters named '{name}'; it has {string.Join(", ", sets.Select(s => $"'{s.Name}'"))}.");
    }

    /// <summary>Every set on a model, in order of name.</summary>
    public static IReadOnlyList<AdapterSet> All(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return [.. model.named_children().Select(c => c.module).OfType<AdapterSet>().OrderBy(s => s.Name, StringComparer.Ordinal)];
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

    /// <summary>Whether a name of the model lies in a set's own module.</summary>
    internal static bool IsOwn(nn.Module model, string name)
    {
        if (!name.StartsWith(ModuleName, StringComparison.Ordinal)) return false;
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        string child = dot < 0 ? name : name[..dot];
        return model.named_children().Any(c => c.name == child && c.module is AdapterSet);
    }

    /// <summary>How the triplets are ranked.</summary>
    internal Ranking CreateRanking()
    {
        long[]? costs = Options.BudgetUnit == BudgetUnit.Parameters ? [.. _adapters.Select(a => AdapterSizing.Cost(a.Layer))] : null;
        return new Ranking(TripletScore.Of(Options.Score), new RankAllocator(Arena.Layout.AdapterOfTriplet(), costs, Limits));
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

    /// <summary>Shrinks the arena to the given triplets of each adapter (canonical order, indices ascending); targets without any lose their hook.</summary>
    /// <param name="kept">One list an adapter.</param>
    /// <param name="state">Shrinks along.</param>
    internal void Shrink(int[][] kept, TrainingState state)
    {
        var compaction = new Compaction(Arena.Layout, kept);
        state.Apply(compaction, Arena.Generation + 1);
        Arena.Apply(compaction);
        for (int i = 0; i < _adapters.Count; i++)
        {
            _adapters[i].Shrink(kept[i]);
            _adapters[i].Bind(Arena, IsTrainable);
            if (kept[i].Length == 0 && _removeHooks.Remove(_adapters[i], out var remove)) remove();
        }
        IsCompacted = true;
        RanksChanged();
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
