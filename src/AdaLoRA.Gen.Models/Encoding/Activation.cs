using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>The activations of Hugging Face's <c>config.json</c> by their names there.</summary>
internal static class Activation
{
    internal static Func<Tensor, Tensor> Find(string name) => name switch
    {
        "gelu" or "gelu_python" => x => x.gelu(),
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => x => x.gelu(GELU.Approximate.tanh),
        "relu" => x => x.relu(),
        "silu" or "swish" => x => torch.nn.functional.silu(x),
        _ => throw new AdaLoRAException($"The activation '{name}' is unknown; gelu, gelu_new, gelu_pytorch_tanh, relu and silu can be built."),
    };
}
