using AdaLoRA.Gen.Adapters;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Autograd;

/// <summary>
/// The fast form of an adapter on a layer that multiplies rows, for fp32 adapters of an fp32 or bf16 base on the CPU: the layer and its adapter are one node of the graph. Forward adds (x·AEᵀ)·Bᵀ to the layer's output in place;
/// backward adds to the arena's gradients in place. No leaf, no gradient accumulation, no temporary of full size; one torch operation (dy·W) where the ordinary form has eight.
/// </summary>
internal sealed unsafe class MatrixBranch(AdapterSet set, MatrixLayer layer, int index)
{
    private readonly Stack<BranchCall> _free = new();
    private BranchFactors _factors;
    private int _generation = -1;

    /// <summary>Columns of A.</summary>
    public int In { get; } = layer.InFeatures;

    /// <summary>Rows of B.</summary>
    public int Out { get; } = layer.OutFeatures;

    public AdapterSet Set => set;

    public int Index => index;

    /// <summary>The layer's weight.</summary>
    public Tensor Weight => layer.Weight;

    /// <summary>A forward hook of somebody else's stands before the adapter's: what it does to the output belongs to the graph, and the output to whoever it gave it to. The ordinary form then.</summary>
    public bool IsHookedBefore { get; set; }

    /// <summary>Where the factors lie now.</summary>
    public ref readonly BranchFactors Factors => ref _factors;

    /// <summary>Adds the adapter's output, where this form can.</summary>
    /// <param name="x">Input of the layer, [*, in].</param>
    /// <param name="y">Its output, [*, out]; changed in place.</param>
    /// <param name="dropout">Probability of an element of x to be dropped.</param>
    /// <returns>The sum; null where the ordinary form has to do it.</returns>
    public Tensor? TryApply(Tensor x, Tensor y, double dropout)
    {
        if (IsHookedBefore || set.Arena.DType != ScalarType.Float32 || !IsPlain(x) || !IsPlain(y) || !Fits(x, y)) return null;
        bool needsGraph = is_grad_enabled() && (set.IsTrainable || x.requires_grad || y.requires_grad);
        if (needsGraph && !GraphTask.IsUsable) return null;
        if (needsGraph && set.Optimizer is null) set.RequireBackward();
        Follow();
        var call = Take();
        if (needsGraph) return call.Apply(x, y, dropout, keepsLayer: x.dtype != y.dtype || !layer.IsFrozen(y.dtype));
        call.Forward(x, y, dropout);
        Return(call);
        return y;
    }

    /// <summary>dy·W, [rows, in], new: what the layer itself passes down.</summary>
    public NativeTensor LayerGradient(NativeTensor dy) => layer.InputGradient(dy);

    public void Return(BranchCall call)
    {
        lock (_free) _free.Push(call);
    }

    private BranchCall Take()
    {
        lock (_free)
        {
            if (_free.TryPop(out var call)) return call;
        }
        return new BranchCall(this);
    }

    private void Follow()
    {
        var arena = set.Arena;
        if (Volatile.Read(ref _generation) == arena.Generation) return;
        _factors = new BranchFactors(arena, index);
        // Last: another thread that sees it sees the rest.
        Volatile.Write(ref _generation, arena.Generation);
    }

    /// <summary>Whether input and output are the rows that the adapter was made for: a layer's weight can be replaced, and kernels do not ask.</summary>
    private bool Fits(Tensor x, Tensor y)
    {
        long last = x.dim() - 1, rows = x.numel() / In;
        return last >= 0 && y.dim() == last + 1 && x.size((int)last) == In && y.size((int)last) == Out && y.numel() == rows * Out;
    }

    private static bool IsPlain(Tensor t) => t.dtype is ScalarType.Float32 or ScalarType.BFloat16 && t.device_type == DeviceType.CPU && t.is_contiguous() && t.numel() is > 0 and <= int.MaxValue / sizeof(float);
}
