using AdaLoRA.Gen.Arena;

namespace AdaLoRA.Gen.Autograd;

/// <summary>Factors and gradients of one adapter in the arena's storage, and the products with them.</summary>
internal readonly unsafe struct BranchFactors
{
    private readonly float* _folded, _bt, _gradientA, _gradientB;
    private readonly int _rank, _in, _out;

    public BranchFactors(AdapterArena arena, int index)
    {
        var layout = arena.Layout;
        var shape = layout.Shapes[index];
        (_rank, _in, _out) = (shape.Rank, shape.InFeatures, shape.OutFeatures);
        _folded = TensorMemory.Floats(arena.AE) + layout.FoldedOffsets[index];
        _bt = TensorMemory.Floats(arena.P) + layout.BOffsets[index];
        if (arena.G is not { } g) return;
        _gradientA = TensorMemory.Floats(g) + layout.AOffsets[index];
        _gradientB = TensorMemory.Floats(g) + layout.BOffsets[index];
    }

    /// <summary>Floats that a row of hidden activations takes.</summary>
    public int Rank => _rank;

    /// <summary>False for a set that is not trained.</summary>
    public bool HasGradients => _gradientA != null;

    /// <summary>hidden ← x·AEᵀ; y += hidden·Bᵀ.</summary>
    /// <param name="x">[rows, in].</param>
    /// <param name="y">[rows, out].</param>
    /// <param name="hidden">[rows, <see cref="Rank"/>].</param>
    /// <param name="rows">Rows of the batch.</param>
    public void Forward(float* x, float* y, float* hidden, int rows)
    {
        Hide(_folded, _in, x, hidden, rows);
        ThinProducts.AddByRows(new(y, _out), new(hidden, _rank, 1), new(_bt, _out), rows, _out, _rank);
    }

    /// <summary>gradient ← dy·B, what the hidden activations get.</summary>
    /// <param name="dy">[rows, out].</param>
    /// <param name="gradient">[rows, <see cref="Rank"/>].</param>
    /// <param name="rows">Rows of the batch.</param>
    public void HiddenGradient(float* dy, float* gradient, int rows) => Hide(_bt, _out, dy, gradient, rows);

    /// <summary>dBᵀ += hiddenᵀ·dy and d(AE) += gradientᵀ·x, into the arena's gradients.</summary>
    /// <param name="x">[rows, in], after dropout.</param>
    /// <param name="dy">[rows, out].</param>
    /// <param name="hidden">As <see cref="Forward"/> left it.</param>
    /// <param name="gradient">As <see cref="HiddenGradient"/> left it.</param>
    /// <param name="rows">Rows of the batch.</param>
    public void AddParameterGradients(float* x, float* dy, float* hidden, float* gradient, int rows)
    {
        ThinProducts.AddByColumns(new(_gradientB, _out), new(hidden, 1, _rank), new(dy, _out), _rank, _out, rows);
        ThinProducts.AddByColumns(new(_gradientA, _in), new(gradient, 1, _rank), new(x, _in), _rank, _in, rows);
    }

    /// <summary>dx += gradient·AE.</summary>
    /// <param name="dx">[rows, in].</param>
    /// <param name="gradient">As <see cref="HiddenGradient"/> left it.</param>
    /// <param name="rows">Rows of the batch.</param>
    public void AddInputGradient(float* dx, float* gradient, int rows) => ThinProducts.AddByRows(new(dx, _in), new(gradient, _rank, 1), new(_folded, _in), rows, _in, _rank);

    private void Hide(float* factor, int length, float* x, float* hidden, int rows) => ThinProducts.DotsByRows(new(hidden, _rank), new(x, length), new(factor, length), rows, _rank, length);
}
