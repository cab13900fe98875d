using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Autograd;

/// <summary>
/// The fast form of an adapter on a layer that multiplies rows, for fp32 on the CPU: the layer and its adapter are one node of the graph. Forward adds (x·AEᵀ)·Bᵀ to the layer's output in place;
/// backward adds to the arena's gradients in place. No leaf, no gradient accumulation, no temporary of full size; one torch operation (dy·W) where the ordinary form has eight.
/// </summary>
internal sealed unsafe class MatrixBranch
{
    private readonly AdapterSet _set;
    private readonly MatrixLayer _layer;
    private readonly int _index;
    private readonly Stack<BranchCall> _free = new();
    private int _generation = -1;
    private float* _folded, _bt, _gradientA, _gradientB;
    private int _rank;

    public MatrixBranch(AdapterSet set, MatrixLayer layer, int index)
    {
        (_set, _layer, _index) = (set, layer, index);
        (In, Out) = (layer.InFeatures, layer.OutFeatures);
    }

    /// <summary>Columns of A.</summary>
    public int In { get; }

    /// <summary>Rows of B.</summary>
    public int Out { get; }

    public AdapterSet Set => _set;

    public int Index => _index;

    /// <summary>Adds the adapter's output, where this form can.</summary>
    /// <param name="x">Input of the layer, [*, in].</param>
    /// <param name="y">Its output, [*, out].</param>
    /// <returns>The sum; null where the ordinary form has to do it.</returns>
    public Tensor? TryApply(Tensor x, Tensor y)
    {
        if (!IsPlain(x) || !IsPlain(y)) return null;
        bool needsGraph = is_grad_enabled() && (_set.IsTrainable || y.requires_grad);
        if (needsGraph && (!_set.IsTrainable || !_layer.IsFrozen || !NodeApi.IsUsable)) return null;
        Follow();
        int rows = (int)(x.numel() / In);
        if (needsGraph) return Take().Apply(x, y, rows);
        var scratch = Scratch.OfThread;
        float* hidden = scratch.Hidden((long)rows * ThinProducts.Padded(_rank));
        Forward(TensorMemory.Floats(x), TensorMemory.Floats(y), hidden, rows);
        return y;
    }

    /// <summary>hidden ← x·AEᵀ; y += hidden·Bᵀ.</summary>
    /// <param name="x">[rows, in].</param>
    /// <param name="y">[rows, out].</param>
    /// <param name="hidden">[rows, padded rank].</param>
    /// <param name="rows">Rows of the batch.</param>
    public void Forward(float* x, float* y, float* hidden, int rows)
    {
        int width = ThinProducts.Padded(_rank);
        float* packed = Scratch.OfThread.Packed((long)In * width);
        ThinProducts.Pack(packed, _folded, _rank, In);
        new Span<float>(hidden, rows * width).Clear();
        ThinProducts.Add(hidden, width, x, In, 1, packed, width, rows, width, In);
        ThinProducts.Add(y, Out, hidden, width, 1, _bt, Out, rows, Out, _rank);
    }

    /// <summary>Adds dB and d(AE) to the arena's gradients, and dx's share to <paramref name="dx"/>.</summary>
    /// <param name="x">[rows, in]; null when only dx is wanted.</param>
    /// <param name="dy">[rows, out].</param>
    /// <param name="dx">[rows, in]; holds dy·W. Null when the input needs no gradient.</param>
    /// <param name="hidden">As <see cref="Forward"/> left it.</param>
    /// <param name="rows">Rows of the batch.</param>
    public void Backward(float* x, float* dy, float* dx, float* hidden, int rows)
    {
        int width = ThinProducts.Padded(_rank);
        var scratch = Scratch.OfThread;
        float* packed = scratch.Packed((long)Out * width), gradient = scratch.Hidden((long)rows * width);
        ThinProducts.Pack(packed, _bt, _rank, Out);
        new Span<float>(gradient, rows * width).Clear();
        ThinProducts.Add(gradient, width, dy, Out, 1, packed, width, rows, width, Out);
        if (x != null)
        {
            ThinProducts.Add(_gradientB, Out, hidden, 1, width, dy, Out, _rank, Out, rows);
            ThinProducts.Add(_gradientA, In, gradient, 1, width, x, In, _rank, In, rows);
        }
        if (dx != null) ThinProducts.Add(dx, In, gradient, width, 1, _folded, In, rows, In, _rank);
    }

    /// <summary>dy·W, [rows, in], new: what the layer itself passes down.</summary>
    public NativeTensor BaseGradient(NativeTensor dy) => _layer.InputGradient(dy);

    /// <summary>Floats that one row of the hidden activations takes.</summary>
    public int HiddenWidth => ThinProducts.Padded(_rank);

    public void Return(BranchCall call)
    {
        lock (_free) _free.Push(call);
    }

    private BranchCall Take()
    {
        lock (_free) return _free.Count > 0 ? _free.Pop() : new BranchCall(this);
    }

    /// <summary>Points at the arena's present storage.</summary>
    private void Follow()
    {
        var arena = _set.Arena;
        if (Volatile.Read(ref _generation) == arena.Generation) return;
        var layout = arena.Layout;
        _rank = layout.Shapes[_index].Rank;
        _folded = TensorMemory.Floats(arena.AE) + layout.FoldedOffsets[_index];
        _bt = TensorMemory.Floats(arena.P) + layout.BOffsets[_index];
        _gradientA = arena.G is { } g ? TensorMemory.Floats(g) + layout.AOffsets[_index] : null;
        _gradientB = arena.G is { } h ? TensorMemory.Floats(h) + layout.BOffsets[_index] : null;
        // Last: another thread that sees it sees the rest.
        Volatile.Write(ref _generation, arena.Generation);
    }

    // A row's length is checked by the layer itself.
    private static bool IsPlain(Tensor t) => t.dtype == ScalarType.Float32 && t.device_type == DeviceType.CPU && t.is_contiguous() && t.numel() is > 0 and <= int.MaxValue / sizeof(float);
}
