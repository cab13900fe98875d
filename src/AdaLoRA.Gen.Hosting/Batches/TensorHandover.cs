using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Takes tensors from one thread to another. TorchSharp's dispose scopes belong to a thread, and a tensor stays registered with the scope that it was made in: it must leave that one on its own thread before it
/// can enter another.
/// </summary>
internal sealed class TensorHandover : IDisposable
{
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    /// <summary>On the making thread: the tensors of the scope that live, from now on nobody's.</summary>
    public IReadOnlyList<torch.Tensor> Release()
    {
        torch.Tensor[] tensors = [.. _scope.DisposablesView.OfType<torch.Tensor>()];
        _scope.Detach(tensors);
        return tensors;
    }

    /// <summary>On the taking thread: they belong to its present scope, as if they had been made there; to nobody where there is none.</summary>
    public static void Receive(IReadOnlyList<torch.Tensor> tensors)
    {
        if (tensors.Count == 0) return;
        using var scope = torch.NewDisposeScope();
        scope.Attach(tensors);
        scope.MoveToOuter(tensors);
    }

    public void Dispose() => _scope.Dispose();
}
