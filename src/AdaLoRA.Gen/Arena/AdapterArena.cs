using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// Owns the storage of every adapter of a model in a few flat buffers; knows nothing of models. P, G and AE must be separate buffers: views share their buffer's version
/// counter, and autograd refuses a backward whose saved tensors' buffer was written meanwhile.
/// </summary>
internal sealed class AdapterArena : IDisposable
{
    private readonly bool _trainable;

    public AdapterArena(ArenaLayout layout, ScalarType dtype, Device device, bool trainable)
    {
        Layout = layout;
        _trainable = trainable;
        P = Zeros(layout.Total, dtype, device);
        AE = Zeros(layout.FoldedTotal, dtype, device);
        Mask = Ones(layout.Triplets, dtype, device);
        Scales = ScalesOf(layout, dtype, device);
        if (trainable) G = Zeros(layout.Total, dtype, device);
        CreateLeaves();
    }

    /// <summary>Where everything lies; replaced by <see cref="Apply"/>.</summary>
    public ArenaLayout Layout { get; private set; }

    public ScalarType DType => P.dtype;

    public Device Device => P.device;

    /// <summary>Counts rebuilds (<c>.to()</c>, compaction); whoever caches a view or a pointer compares it.</summary>
    public int Generation { get; private set; }

    /// <summary>Steps of the optimizer: a forward from before one must not be followed by a backward after it.</summary>
    public long Steps { get; set; }

    /// <summary>E, A and Bᵀ of all adapters, in the layout's order.</summary>
    public Tensor P { get; private set; }

    /// <summary>Gradients in the same order; the A part holds dL/d(A·E·scale) until the tail unfolds it. Null when not trainable.</summary>
    public Tensor? G { get; private set; }

    /// <summary>The folded factor A·E·scale, what the forward multiplies with.</summary>
    public Tensor AE { get; private set; }

    /// <summary>1 for a living triplet, 0 for a removed one; in the order of E.</summary>
    public Tensor Mask { get; private set; }

    /// <summary>The factor on each triplet, [triplets, 1], in the order of E: alpha ÷ (r + 1e-5) for AdaLoRA, alpha ÷ r for LoRA.</summary>
    public Tensor Scales { get; private set; }

    /// <summary>Autograd leaves (A·E·scale)ᵀ [in, r], one an adapter; null at rank 0.</summary>
    public Tensor?[] FoldedLeaves { get; private set; } = [];

    /// <summary>Autograd leaves Bᵀ [r, out]; null at rank 0.</summary>
    public Tensor?[] BLeaves { get; private set; } = [];

    /// <summary>A of one adapter as a view [r, in] of a flat buffer.</summary>
    public Tensor ViewA(Tensor flat, int adapter) => View(flat, Layout.AOffsets[adapter], Layout.Shapes[adapter].Rank, Layout.Shapes[adapter].InFeatures);

    /// <summary>Bᵀ of one adapter as a view [r, out] of a flat buffer.</summary>
    public Tensor ViewBt(Tensor flat, int adapter) => View(flat, Layout.BOffsets[adapter], Layout.Shapes[adapter].Rank, Layout.Shapes[adapter].OutFeatures);

    /// <summary>E of one adapter as a view [r, 1] of a flat buffer.</summary>
    public Tensor ViewE(Tensor flat, int adapter) => View(flat, Layout.TripletOffsets[adapter], Layout.Shapes[adapter].Rank, 1);

    /// <summary>A zeroed buffer like P.</summary>
    public Tensor NewBuffer() => Zeros(Layout.Total, DType, Device);

    /// <summary>Rebuilds AE from A, E and the scale.</summary>
    public void Refold()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var block in Layout.Blocks)
        {
            if (block.FactorsA == 0) continue;
            var rows = View(P, block.Offset, block.RowsA, block.Dimension);
            var folded = View(AE, block.FoldedOffset, block.RowsA, block.Dimension);
            var factors = Scales.narrow(0, block.TripletOffset, block.RowsA);
            folded.copy_(rows.mul(Layout.HasLambda ? View(P, block.TripletOffset, block.RowsA, 1).mul(factors) : factors));
        }
    }

    /// <summary>Moves everything to another device or element type. Leaves and views are new afterwards; gradients start at zero.</summary>
    public void MoveTo(Device device, ScalarType dtype)
    {
        using (no_grad())
        {
            P = Moved(P, device, dtype);
            Mask = Moved(Mask, device, dtype);
        }
        Rebuild(dtype, device);
    }

    /// <summary>Shrinks to what a compaction keeps. Leaves and views are new afterwards; gradients start at zero.</summary>
    public void Apply(Compaction compaction)
    {
        P = Replaced(P, compaction.Gather(P));
        Mask.Dispose();
        Mask = Ones(compaction.Layout.Triplets, P.dtype, P.device);
        Layout = compaction.Layout;
        Rebuild(P.dtype, P.device);
    }

    /// <summary>
    /// Throws when backward no longer writes into G. The leaves are private, so the one thing that replaces their gradients is a backward that builds a graph:
    /// AccumulateGrad then makes new tensors, G stays zero and nothing would be trained.
    /// </summary>
    /// <param name="adapters">Those whose forward went through their leaves are looked at.</param>
    public void VerifyGradientViews(IReadOnlyList<Adapter> adapters)
    {
        for (int i = 0; i < BLeaves.Length; i++)
        {
            if (BLeaves[i] is not { } leaf || !adapters[i].UsesLeaves) continue;
            using var grad = leaf.grad;
            if (grad is not null && PointsInto(grad, G!, Layout.BOffsets[i])) continue;
            throw new AdaLoRAException(grad is { requires_grad: true }
                ? $"The gradient of '{adapters[i].Path}' no longer lives in the arena: backward was called with create_graph: true, which replaces it; call backward() without it."
                : $"The gradient of '{adapters[i].Path}' no longer lives in the arena: an assignment to .grad replaced it; use the optimizer's zero_grad() and leave .grad alone.");
        }
    }

    public void Dispose()
    {
        DisposeLeaves();
        P.Dispose();
        AE.Dispose();
        Mask.Dispose();
        Scales.Dispose();
        G?.Dispose();
    }

    private static unsafe bool PointsInto(Tensor view, Tensor flat, long offset)
    {
        if (view.dtype != flat.dtype || !view.is_contiguous()) return false;
        // TorchSharp gives no address of device memory, nor of more than 2 GB. A gradient that backward put in the view's place belongs to a graph, and says so.
        if (flat.device_type != DeviceType.CPU || flat.numel() * flat.element_size() > int.MaxValue) return !view.requires_grad;
        fixed (byte* a = view.bytes)
        fixed (byte* b = flat.bytes)
        {
            return a == b + offset * flat.element_size();
        }
    }

    /// <summary>Everything that follows from P, Mask and the layout.</summary>
    private void Rebuild(ScalarType dtype, Device device)
    {
        AE = Replaced(AE, Zeros(Layout.FoldedTotal, dtype, device));
        Scales = Replaced(Scales, ScalesOf(Layout, dtype, device));
        if (G is not null) G = Replaced(G, Zeros(Layout.Total, dtype, device));
        DisposeLeaves();
        CreateLeaves();
        Generation++;
        Refold();
    }

    private void CreateLeaves()
    {
        int count = Layout.Shapes.Length;
        FoldedLeaves = new Tensor?[count];
        BLeaves = new Tensor?[count];
        for (int i = 0; i < count; i++)
        {
            if (Layout.Shapes[i].Rank == 0) continue;
            using var scope = NewDisposeScope();
            var folded = View(AE, Layout.FoldedOffsets[i], Layout.Shapes[i].Rank, Layout.Shapes[i].InFeatures).t().detach();
            var bt = ViewBt(P, i).detach();
            if (_trainable)
            {
                folded.requires_grad_(true);
                folded.grad = ViewA(G!, i).t();
                bt.requires_grad_(true);
                bt.grad = ViewBt(G!, i);
            }
            FoldedLeaves[i] = folded.DetachFromDisposeScope();
            BLeaves[i] = bt.DetachFromDisposeScope();
        }
    }

    private void DisposeLeaves()
    {
        foreach (var leaf in FoldedLeaves.Concat(BLeaves)) leaf?.Dispose();
    }

    internal static Tensor View(Tensor flat, long offset, long rows, long columns)
    {
        using var slice = flat.narrow(0, offset, rows * columns);
        return slice.view(rows, columns);
    }

    private static Tensor Moved(Tensor flat, Device device, ScalarType dtype) => Replaced(flat, flat.to(dtype, device, copy: true).DetachFromDisposeScope());

    private static Tensor Replaced(Tensor old, Tensor value)
    {
        old.Dispose();
        return value;
    }

    private static Tensor ScalesOf(ArenaLayout layout, ScalarType dtype, Device device)
    {
        using var wide = tensor(layout.Scales(), dtype: ScalarType.Float64);
        using var typed = wide.to(dtype, device);
        return typed.reshape(-1, 1).clone().DetachFromDisposeScope();
    }

    private static Tensor Zeros(long count, ScalarType dtype, Device device) => zeros(count, dtype: dtype, device: device).DetachFromDisposeScope();

    private static Tensor Ones(long count, ScalarType dtype, Device device) => ones(count, dtype: dtype, device: device).DetachFromDisposeScope();
}
