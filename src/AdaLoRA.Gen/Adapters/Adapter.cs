using AdaLoRA.Gen.Arena;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// The adapter of one <see cref="Linear"/>: y = W x + b + scale · B((A x) ∘ E). Its parameters are views of the arena; the forward multiplies with the folded factor
/// A·E·scale, so gradients never show on them: the optimizer unfolds and spends them inside its step.
/// </summary>
public sealed class Adapter : nn.Module
{
    private readonly AdapterSet _set;
    private readonly Linear _layer;
    private readonly int _index;
    private Tensor? _folded;
    private Tensor? _bt;

    internal Adapter(AdapterSet set, AdapterTarget target, int index, int rank) : base(nameof(Adapter))
    {
        _set = set;
        _layer = target.Layer;
        _index = index;
        Path = target.Path;
        InitialRank = rank;
        Slots = [.. Enumerable.Repeat(true, rank)];
        InFeatures = (int)target.Layer.weight.shape[1];
        OutFeatures = (int)target.Layer.weight.shape[0];
    }

    /// <summary>Registered path of the adapted layer in the model.</summary>
    public string Path { get; }

    /// <summary>Columns of the layer's weight.</summary>
    public int InFeatures { get; }

    /// <summary>Rows of the layer's weight.</summary>
    public int OutFeatures { get; }

    /// <summary>Triplets that the adapter has room for.</summary>
    public int InitialRank { get; }

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

    /// <summary>Which of the set's initial triplets this adapter still has room for: all, but for a set loaded from a pruned folder.</summary>
    internal bool[] Slots { get; private set; }

    internal Linear Layer => _layer;

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
    }

    /// <summary>A plain LoRA folder may scale its adapters differently; what exceeds the set's scale was multiplied into A when it was loaded, and is taken out again when it is saved.</summary>
    internal double FoldedRatio { get; set; } = 1;

    /// <summary>For each triplet, whether the allocator's last ranking kept it.</summary>
    internal ReadOnlySpan<bool> Mask() => _set.HostMask().AsSpan(_set.Arena.Layout.TripletOffsets[_index], InitialRank);

    /// <summary>The hook's body: adds the adapter's output to the layer's.</summary>
    /// <param name="x">Input of the layer, [*, in].</param>
    /// <param name="y">Its output, [*, out]; changed in place where autograd allows that without copies.</param>
    internal Tensor Apply(Tensor x, Tensor y)
    {
        Calls++;
        if (_folded is null) return y;
        double dropout = _set.Options.Dropout;
        if (dropout > 0 && _set.training)
        {
            using var dropped = nn.functional.dropout(x, dropout, training: true);
            return Add(dropped, y);
        }
        return Add(x, y);
    }

    private Tensor Add(Tensor x, Tensor y)
    {
        if (x.dtype != _folded!.dtype) return AddAcrossTypes(x, y);
        if (x.dim() == 2)
        {
            using var h = x.mm(_folded);
            return y.addmm_(h, _bt!);
        }
        // The layer's output is a view of a 2-D product. In-place on a view costs autograd three full-size copies in backward, out of place costs one in forward.
        using var rows = x.reshape(-1, InFeatures);
        using var hidden = rows.mm(_folded);
        using var flat = y.reshape(-1, OutFeatures);
        using var sum = flat.addmm(hidden, _bt!);
        return Replacing(y, sum.view(y.shape));
    }

    /// <summary>A bf16 or fp16 base with fp32 adapters: multiplied and added in fp32, rounded once.</summary>
    private Tensor AddAcrossTypes(Tensor x, Tensor y)
    {
        using var wide = x.to(_folded!.dtype);
        using var rows = wide.reshape(-1, InFeatures);
        using var hidden = rows.mm(_folded);
        using var delta = hidden.mm(_bt!);
        using var shaped = delta.view(y.shape);
        using var sum = shaped.add(y);
        return Replacing(y, sum.to(y.dtype));
    }

    /// <summary>The layer's own output is nobody's after this; kept until the end of the caller's scope it would cost an activation per layer.</summary>
    private static Tensor Replacing(Tensor y, Tensor result)
    {
        y.Dispose();
        return result;
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
