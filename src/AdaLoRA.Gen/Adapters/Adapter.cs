using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Autograd;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// The adapter of one layer (Linear, convolution, Embedding): y = W x + b + scale · B((A x) ∘ E). Its parameters are views of the arena; the forward multiplies with the folded factor
/// A·E·scale, so gradients never show on them: the optimizer unfolds and spends them inside its step.
/// </summary>
public sealed class Adapter : nn.Module
{
    private readonly AdapterSet _set;
    private readonly AdaptedLayer _layer;
    private readonly int _index;
    private Tensor? _folded;
    private Tensor? _bt;
    private readonly MatrixBranch? _branch;

    internal Adapter(AdapterSet set, AdapterTarget target, int index, int rank) : base(nameof(Adapter))
    {
        _set = set;
        _layer = target.Layer;
        _index = index;
        Path = target.Path;
        InitialRank = rank;
        Slots = [.. Enumerable.Repeat(true, rank)];
        InFeatures = target.Layer.InFeatures;
        OutFeatures = target.Layer.OutFeatures;
        if (target.Layer is MatrixLayer matrix) _branch = new MatrixBranch(set, matrix, index);
    }

    /// <summary>Registered path of the adapted layer in the model.</summary>
    public string Path { get; }

    /// <summary>Columns of A: inputs of a Linear, (in ÷ groups) × kernel of a convolution, indices of an Embedding.</summary>
    public int InFeatures { get; }

    /// <summary>Rows of B: outputs of a Linear or convolution, dimension of an Embedding.</summary>
    public int OutFeatures { get; }

    /// <summary>Triplets that the adapter has room for: what it started with, or what a compaction or a pruned folder left.</summary>
    public int InitialRank { get; private set; }

    /// <summary>Triplets that live: kept by the allocator's last ranking. All adapters together are read from the device once after each ranking.</summary>
    public int Rank => Mask().Count(true);

    /// <summary>A = Q of the paper, [r, in]; a view of the arena.</summary>
    public Parameter lora_A => _internal_params["lora_A"];

    /// <summary>E = diag Λ of the paper, [r, 1]; a view of the arena. Null for plain LoRA.</summary>
    public Parameter? lora_E => _internal_params.TryGetValue("lora_E", out var e) ? e : null;

    /// <summary>B = P of the paper, [out, r]; a transposed view of the arena, which holds it row by row.</summary>
    public Parameter lora_B => _internal_params["lora_B"];

    /// <summary>How often the layer ran through its adapter since it was attached.</summary>
    public long Calls { get; private set; }

    internal int Index => _index;

    /// <summary>Whether a forward went through the arena's leaves, so that backward must write into their gradients.</summary>
    internal bool UsesLeaves { get; private set; }

    /// <summary>Which of the set's initial triplets this adapter still has room for: all, but for a set loaded from a pruned folder.</summary>
    internal bool[] Slots { get; private set; }

    internal AdaptedLayer Layer => _layer;

    /// <summary>Points parameters and leaves at the arena's present storage.</summary>
    internal void Bind(AdapterArena arena, bool trainable)
    {
        _folded = arena.FoldedLeaves[_index];
        _bt = arena.BLeaves[_index];
        using var scope = NewDisposeScope();
        Register("lora_A", arena.ViewA(arena.P, _index).detach(), trainable);
        if (arena.Layout.HasLambda) Register("lora_E", arena.ViewE(arena.P, _index).detach(), trainable);
        Register("lora_B", arena.ViewBt(arena.P, _index).detach().t(), trainable);
    }

    /// <summary>Takes values over from a saved adapter; shapes were checked.</summary>
    internal void Fill(Tensor a, Tensor b, Tensor? e, bool[] slots)
    {
        using var _ = no_grad();
        lora_A.copy_(a);
        lora_B.copy_(b);
        if (e is not null) lora_E!.copy_(e);
        Slots = slots;
        StoredType = a.dtype;
    }

    /// <summary>Element type of the factors in the folder that they were loaded from.</summary>
    internal ScalarType? StoredType { get; private set; }

    /// <summary>Factor on ΔW: alpha ÷ (r + 1e-5) for AdaLoRA; for LoRA alpha ÷ r, or ÷ √r with rsLoRA, which a folder may state per layer.</summary>
    public double Scale => _set.Arena.Layout.Shapes[_index].Scale;

    /// <summary>Called before the set's own hook is registered.</summary>
    internal void LookForHooks()
    {
        if (_branch is not null) _branch.IsHookedBefore = ((MatrixLayer)_layer).IsHooked;
    }

    /// <summary>Keeps only some of the triplets, in step with the arena.</summary>
    /// <param name="kept">Which of the present ones, ascending.</param>
    internal void Shrink(int[] kept)
    {
        int next = 0;
        Slots = [.. Slots.Select(slot => slot && Array.IndexOf(kept, next++) >= 0)];
        InitialRank = kept.Length;
    }

    /// <summary>ΔW = scale · B·(A ∘ E), what a merge adds to the layer's weight.</summary>
    /// <returns>A new tensor in the shape of the layer's weight and the adapters' element type; no gradient flows through it.</returns>
    public Tensor DeltaWeight()
    {
        using var _ = no_grad();
        if (_folded is null) return zeros_like(_layer.Weight, dtype: _set.Arena.DType);
        using var product = _bt!.t().mm(_folded.t());
        return _layer.ShapeDelta(product).clone();
    }

    /// <summary>For each triplet, whether the allocator's last ranking kept it.</summary>
    internal ReadOnlySpan<bool> Mask() => _set.HostMask().AsSpan(_set.Arena.Layout.TripletOffsets[_index], InitialRank);

    /// <summary>The hook's body: adds the adapter's output to the layer's.</summary>
    /// <param name="x">Input of the layer, [*, in].</param>
    /// <param name="y">Its output, [*, out]; changed in place where autograd allows that without copies.</param>
    internal Tensor Apply(Tensor x, Tensor y)
    {
        Calls++;
        if (_folded is null || !_set.IsComputing) return y;
        double dropout = _set.training && _layer.HasDropout ? _set.Options.Dropout : 0;
        if (_branch?.TryApply(x, y, dropout) is { } sum) return sum;
        if (dropout > 0)
        {
            using var dropped = nn.functional.dropout(x, dropout, training: true);
            return Add(dropped, y);
        }
        return Add(x, y);
    }

    private Tensor Add(Tensor x, Tensor y)
    {
        UsesLeaves = true;
        if (y.dtype == _folded!.dtype) return _layer.Add(x, y, _folded, _bt!);
        // A bf16 or fp16 base with fp32 adapters: multiplied and added in fp32, rounded once.
        using var wide = x.is_floating_point() ? x.to(_folded.dtype) : x.alias();
        using var delta = _layer.Delta(wide, _folded, _bt!);
        using var sum = delta.add_(y, Scalars.One);
        var rounded = sum.to(y.dtype);
        y.Dispose();
        return rounded;
    }

    private void Register(string name, Tensor view, bool trainable)
    {
        if (_internal_params.TryGetValue(name, out var old)) old.Dispose();
        var parameter = new Parameter(view, trainable);
        parameter.DetachFromDisposeScope();
        ConditionallyRegisterParameter(name, parameter);
    }

    /// <summary>Parameters are registered one by one; the layer that the adapter holds is not its child.</summary>
    protected override void RegisterComponents() { }

    /// <summary>The set moves the arena as a whole.</summary>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => this;

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => this;

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking) => this;
}

/// <summary>A path segment between the set and its adapters.</summary>
internal sealed class AdapterNode() : nn.Module(nameof(AdapterNode))
{
    protected override void RegisterComponents() { }

    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => this;

    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => this;

    protected override nn.Module _to(ScalarType dtype, bool non_blocking) => this;
}
