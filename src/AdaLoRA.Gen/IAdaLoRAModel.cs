using TorchSharp;

namespace AdaLoRA.Gen;

/// <summary>
/// The contract that generated code implements on an annotated model: data and typed access, no logic. Everything that can be done with it stands in
/// <c>AdaLoRAModelExtensions</c>.
/// </summary>
/// <typeparam name="TSelf">The annotated model.</typeparam>
public interface IAdaLoRAModel<TSelf>
    where TSelf : torch.nn.Module, IAdaLoRAModel<TSelf>
{
    /// <summary>The attribute's values and the layers that its patterns matched.</summary>
    static abstract AdaLoRAPlan Plan { get; }

    /// <summary>Hands every target that the compiler resolved to <paramref name="targets"/>, reached by typed access.</summary>
    /// <param name="model">The model whose layers are collected.</param>
    /// <param name="targets">Receives path and layer.</param>
    static abstract void CollectTargets(TSelf model, AdapterTargetCollector targets);
}
