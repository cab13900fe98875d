using static TorchSharp.torch;

namespace AdaLoRA.Gen.Autograd;

/// <summary>One forward through a <see cref="MatrixBranch"/> until its graph is gone.</summary>
internal sealed unsafe class BranchCall(MatrixBranch branch) : GraphNode
{
    private readonly FloatBuffer _hidden = new();
    private long[] _inputShape = [];
    private int _rows;
    private int _generation;
    private long _steps;
    private bool _inputNeedsGradient;

    /// <summary>Adds the adapter's output to the layer's and puts this node in place of the layer's own.</summary>
    public Tensor Apply(Tensor x, Tensor y, int rows)
    {
        var arena = branch.Set.Arena;
        (_rows, _generation, _steps, _inputNeedsGradient) = (rows, arena.Generation, arena.Steps, x.requires_grad);
        _inputShape = x.dim() == 2 ? [] : x.shape;
        float* hidden = _hidden.Reserve((long)rows * branch.HiddenWidth);
        branch.Forward(TensorMemory.Floats(x), TensorMemory.Floats(y), hidden, rows);
        // The layer's own node goes with y: backward through both is one multiply here.
        var detached = NativeTensor.Detached(y);
        y.Dispose();
        return Attach(x, detached);
    }

    protected override NativeTensor Backward(NativeTensor gradient)
    {
        RequireUnchanged();
        bool isMatrix = _inputShape.Length == 0;
        var x = IsPartial ? default : Input();
        var plain = gradient.IsContiguous ? default : gradient.Contiguous();
        var dy = plain.Exists ? plain : gradient;
        NativeTensor rows = default, dx = default;
        try
        {
            if (!isMatrix) rows = dy.View([_rows, branch.Out]);
            if (_inputNeedsGradient) dx = branch.BaseGradient(isMatrix ? dy : rows);
            branch.Backward(x.Exists ? x.Floats : null, dy.Floats, dx.Exists ? dx.Floats : null, _hidden.Reserve(0), _rows);
            if (!KeepsGraph) DropInput();
            if (isMatrix || !dx.Exists) return dx;
            var shaped = dx.View(_inputShape);
            dx.Dispose();
            return shaped;
        }
        finally
        {
            x.Dispose();
            plain.Dispose();
            rows.Dispose();
        }
    }

    protected override void Failed(Exception exception) => branch.Set.BackwardFailed(branch.Index, exception);

    protected override void Released() => branch.Return(this);

    private void RequireUnchanged()
    {
        var set = branch.Set;
        if (is_grad_enabled()) throw new AdaLoRAException("backward was called with create_graph: true, which adapters do not support; call backward() without it");
        if (!set.IsAttached) throw new AdaLoRAException("the adapters were detached between forward and backward; detach them after it");
        if (_generation != set.Arena.Generation) throw new AdaLoRAException("the adapters were moved or compacted between forward and backward; do that after it");
        if (_steps != set.Arena.Steps) throw new AdaLoRAException("the optimizer took a step between forward and backward; run the forward again");
    }
}
