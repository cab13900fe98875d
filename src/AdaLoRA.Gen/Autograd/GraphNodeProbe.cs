using static TorchSharp.torch;

namespace AdaLoRA.Gen.Autograd;

/// <summary>y = 3 x as a managed node, run once before any adapter is: the answers of the native interface must be the right ones, or it is not used.</summary>
internal sealed unsafe class GraphNodeProbe : GraphNode
{
    private bool _failed, _keeps, _partial, _released;

    /// <summary>Whether a backward, one that keeps the graph, and one of certain inputs are told apart, and gradients arrive.</summary>
    public static bool Run()
    {
        try
        {
            // The answer is kept for the process, so nothing that is set for the moment may decide it.
            using var mode = inference_mode(false);
            return Try();
        }
        catch (Exception)
        {
            return false;
        }
    }

    private static bool Try()
    {
        using var scope = NewDisposeScope();
        using var grad = enable_grad();
        var x = full([2], 2f, dtype: ScalarType.Float32, device: CPU).requires_grad_(true);
        var probe = new GraphNodeProbe();
        using (NewDisposeScope())
        {
            var y = probe.Apply(x);
            if (!y.requires_grad) return false;
            y.sum().backward(retain_graph: true);
            if (probe is not { _failed: false, _keeps: true, _partial: false }) return false;
            _ = autograd.grad([y.sum()], [x], retain_graph: true);
            if (probe is not { _failed: false, _keeps: true, _partial: true }) return false;
            y.sum().backward();
            if (probe is not { _failed: false, _keeps: false, _partial: false, _released: false }) return false;
        }
        ReleaseReturned();
        return probe._released && x.grad is { } g && g[0].item<float>() == 6;
    }

    protected override NativeTensor Backward(NativeTensor gradient)
    {
        (_keeps, _partial) = (GraphTask.KeepsGraph, GraphTask.IsPartial);
        var input = Input();
        if (*input.Floats != 2 || input.Dimensions != 1 || !input.IsContiguous) _failed = true;
        input.Dispose();
        if (!_keeps) DropSaved();
        var plain = gradient.Contiguous();
        var row = plain.View([1, 2]);
        plain.Dispose();
        using var three = eye(2, dtype: ScalarType.Float32, device: CPU).mul_(3);
        var product = row.Multiply(three);
        row.Dispose();
        var result = product.View([2]);
        product.Dispose();
        return result;
    }

    protected override NativeTensor Poison() => default;

    protected override void Failed(Exception exception) => _failed = true;

    protected override void Released() => _released = true;

    private Tensor Apply(Tensor x)
    {
        using var y = x + x + x;
        return Attach(x, null, x, x, NativeTensor.Detached(y));
    }
}
