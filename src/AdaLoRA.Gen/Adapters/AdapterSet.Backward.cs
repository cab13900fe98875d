using AdaLoRA.Gen.Autograd;

namespace AdaLoRA.Gen;

public sealed partial class AdapterSet
{
    private readonly Lock _failureLock = new();
    private AdaLoRAException? _failure;

    /// <summary>Remembers the first adapter whose backward failed: an exception cannot pass through native code, so the optimizer throws it.</summary>
    internal void BackwardFailed(int adapter, Exception exception)
    {
        lock (_failureLock) _failure ??= new AdaLoRAException($"The backward pass through the adapter of '{_adapters[adapter].Path}' in {_modelName} failed: {exception.Message.TrimEnd('.')}.", exception);
    }

    /// <summary>Throws what went wrong in the backward passes since the last step.</summary>
    internal void RequireBackward()
    {
        GraphNode.ReleaseReturned();
        AdaLoRAException? failure;
        lock (_failureLock) (failure, _failure) = (_failure, null);
        if (failure is null) return;
        // What the other adapters' backward added belongs to a pass that is not whole.
        if (IsAttached) using (TorchSharp.torch.no_grad()) Arena.G?.zero_();
        throw failure;
    }
}
