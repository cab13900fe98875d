using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Autograd;

/// <summary>One forward through a <see cref="MatrixBranch"/> until its graph is gone.</summary>
internal sealed unsafe class BranchCall(MatrixBranch branch) : GraphNode
{
    private readonly FloatBuffer _hidden = new();
    private readonly DropoutMask _mask = new();
    private long[] _inputShape = [];
    private int _rows;
    private double _dropout;
    private ScalarType _inputType, _outputType;
    private int _generation;
    private long _steps;
    private bool _inputNeedsGradient;
    private bool _keepsLayer;
    private nint _weight;

    private long InputElements => (long)_rows * branch.In;

    /// <summary>Adds the adapter's output to the layer's and puts this node in place of the layer's own, or above it.</summary>
    /// <param name="x">Input of the layer.</param>
    /// <param name="y">Its output; disposed.</param>
    /// <param name="dropout">Probability of an element of x to be dropped.</param>
    /// <param name="keepsLayer">Whether the layer's own node must stay in the graph: it trains parameters of its own, or computes in another type.</param>
    public Tensor Apply(Tensor x, Tensor y, double dropout, bool keepsLayer)
    {
        var arena = branch.Set.Arena;
        (_generation, _steps, _inputNeedsGradient, _keepsLayer, _weight) = (arena.Generation, arena.Steps, x.requires_grad, keepsLayer, branch.Weight.Handle);
        _inputShape = x.dim() == 2 ? [] : x.shape;
        Forward(x, y, dropout);
        // Where the layer is frozen its own node goes with y: backward through both is one multiply here.
        var result = Attach(x, keepsLayer && y.requires_grad ? y : null, branch.Weight, arena.P, NativeTensor.Detached(y));
        y.Dispose();
        return result;
    }

    /// <summary>Adds the adapter's output to <paramref name="y"/> in place.</summary>
    public void Forward(Tensor x, Tensor y, double dropout)
    {
        TensorMemory input = new(x), output = new(y);
        (_rows, _dropout, _inputType, _outputType) = ((int)(input.Count / branch.In), dropout, x.dtype, y.dtype);
        var scratch = Scratch.OfThread;
        float* kept = input.Wide(scratch.Input);
        if (dropout > 0) _mask.Draw(kept, kept = scratch.Kept.Reserve(input.Count), input.Count, dropout);
        float* sum = output.BeginSum(scratch.Output);
        branch.Factors.Forward(kept, sum, _hidden.Reserve((long)_rows * branch.Factors.Rank), _rows);
        output.EndSum(sum);
    }

    protected override NativeTensor Backward(NativeTensor gradient)
    {
        RequireUnchanged();
        bool isPartial = GraphTask.IsPartial || !branch.Factors.HasGradients, isMatrix = _inputShape.Length == 0;
        var plain = gradient.IsContiguous ? default : gradient.Contiguous();
        var dy = plain.Exists ? plain : gradient;
        NativeTensor x = default, rows = default, dx = default;
        var scratch = Scratch.OfThread;
        try
        {
            if (!isPartial) x = Input();
            if (!isMatrix) rows = dy.View([_rows, branch.Out]);
            float* wide = dy.Memory((long)_rows * branch.Out, _outputType).Wide(scratch.Output);
            float* hiddenGradient = scratch.Hidden((long)_rows * branch.Factors.Rank);
            branch.Factors.HiddenGradient(wide, hiddenGradient, _rows);
            if (!isPartial)
            {
                float* kept = Kept(x);
                // Two threads may run backward through one layer; torch locks in the same place.
                lock (branch) branch.Factors.AddParameterGradients(kept, wide, _hidden.Reserve(0), hiddenGradient, _rows);
            }
            if (_inputNeedsGradient)
            {
                dx = _keepsLayer ? NativeTensor.Zeros(_rows, branch.In, _inputType) : branch.LayerGradient(isMatrix ? dy : rows);
                AddInputGradient(dx.Memory(InputElements, _inputType), hiddenGradient);
            }
            if (!GraphTask.KeepsGraph) DropSaved();
            if (isMatrix || !dx.Exists) return dx;
            var shaped = dx.View(_inputShape);
            dx.Dispose();
            return shaped;
        }
        catch
        {
            dx.Dispose();
            throw;
        }
        finally
        {
            x.Dispose();
            plain.Dispose();
            rows.Dispose();
        }
    }

    protected override NativeTensor Poison()
    {
        if (!_inputNeedsGradient) return default;
        using var nan = full(_inputShape.Length > 0 ? _inputShape : [_rows, branch.In], float.NaN, dtype: _inputType);
        return NativeTensor.Take(nan);
    }

    protected override void Failed(Exception exception) => branch.Set.BackwardFailed(branch.Index, exception);

    protected override void Released() => branch.Return(this);

    /// <summary>The input in fp32, after dropout.</summary>
    private float* Kept(NativeTensor x)
    {
        float* wide = x.Memory(InputElements, _inputType).Wide(Scratch.OfThread.Input);
        if (_dropout == 0) return wide;
        float* kept = Scratch.OfThread.Kept.Reserve(InputElements);
        _mask.Apply(wide, kept, InputElements, _dropout);
        return kept;
    }

    private void AddInputGradient(TensorMemory dx, float* hiddenGradient)
    {
        float* sum = dx.BeginSum(Scratch.OfThread.Input);
        if (_dropout == 0)
        {
            branch.Factors.AddInputGradient(sum, hiddenGradient, _rows);
        }
        else
        {
            float* share = Scratch.OfThread.Kept.Reserve(InputElements);
            NativeMemory.Clear(share, (nuint)(InputElements * sizeof(float)));
            branch.Factors.AddInputGradient(share, hiddenGradient, _rows);
            _mask.Add(share, sum, InputElements, _dropout);
        }
        dx.EndSum(sum);
    }

    private void RequireUnchanged()
    {
        var set = branch.Set;
        if (is_grad_enabled()) throw new AdaLoRAException("backward was called with create_graph: true, which adapters do not support; call backward() without it");
        if (!set.IsAttached) throw new AdaLoRAException("the adapters were detached between forward and backward; detach them after it");
        if (_generation != set.Arena.Generation) throw new AdaLoRAException("the adapters were moved or compacted between forward and backward; do that after it");
        if (_steps != set.Arena.Steps) throw new AdaLoRAException("the optimizer took a step between forward and backward; run the forward again");
        if (_weight != branch.Weight.Handle || !IsUnchanged(Slot.Weight)) throw new AdaLoRAException("the layer's weight was changed between forward and backward; merge, quantise or load after it");
        if (!IsUnchanged(Slot.Factors)) throw new AdaLoRAException("the adapters' factors were written between forward and backward; do that after it");
    }
}
