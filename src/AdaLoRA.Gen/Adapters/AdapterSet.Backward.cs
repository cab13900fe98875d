using AdaLoRA.Gen.Autograd;

namespace AdaLoRA.Gen;

public sealed partial class AdapterSet
{
    private AdaLoRAException? _failure;

    /// <summary>Remembers the first adapter whose backward failed: an exception cannot pass through native code, so the optimizer throws it.</summary>
    internal void BackwardFailed(int adapter, Exception exception)
    {
        Interlocked.CompareExchange(ref _failure, new AdaLoRAException($"The backward pass through the adapter of '{_adapters[adapter].Path}' in {_modelName} failed: {exception.Message.TrimEnd('.')}.", exception), null);
    }

    /// <summary>Throws what went wrong in the backward passes since the last step.</summary>
    internal void RequireBackward()
    {
        GraphNode.ReleaseReturned();
        var failure = Interlocked.Exchange(ref _failure, null);
        if (failure is null) return;
        // What the other adapters' backward added belongs to a pass that is not whole.
        if (IsAttached) using (TorchSharp.torch.no_grad()) Arena.G?.zero_();
        throw failure;
    }

    /// <summary>The passes since the last step are thrown away, and what went wrong in them with them.</summary>
    internal void ForgetFailure() => Interlocked.Exchange(ref _failure, null);
}
