using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>One pair of a LoRA adapter file, in Hugging Face's layout.</summary>
/// <param name="Path">The module's path as Hugging Face has it: <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="A">[rank, in]; of the embedding [rank, vocabulary].</param>
/// <param name="B">[out, rank], rows in Hugging Face's order.</param>
public sealed record GgufLoraPair(string Path, Tensor A, Tensor B)
{
    /// <summary>How many times <c>B·A</c> llama.cpp adds to the weight: <paramref name="userScale"/> if alpha is 0, else userScale·alpha / rank, in single precision.</summary>
    /// <param name="alpha"><see cref="GgufLora.Alpha"/>.</param>
    /// <param name="userScale">The scale that the adapter is loaded with. Default: 1.</param>
    /// <returns>The factor.</returns>
    public float Scale(float alpha, float userScale = 1f) => alpha == 0f ? userScale : userScale * alpha / B.shape[1];
}

/// <summary>A LoRA adapter as <see cref="GgufLoraReader"/> read it. Disposing it disposes its tensors.</summary>
public sealed class GgufLora : IDisposable
{
    internal GgufLora(float alpha, LlamaHeads? heads, string? name, IReadOnlyList<GgufLoraPair> pairs) => (Alpha, Heads, Name, Pairs) = (alpha, heads, name, pairs);

    /// <summary><c>adapter.lora.alpha</c>; 0 where it is missing, which is what llama.cpp takes it for.</summary>
    public float Alpha { get; }

    /// <summary>The heads by which rows were put back; null if the file does not say and none were given.</summary>
    public LlamaHeads? Heads { get; }

    /// <summary><c>general.name</c>; null where it is missing.</summary>
    public string? Name { get; }

    /// <summary>The pairs in the order of the file.</summary>
    public IReadOnlyList<GgufLoraPair> Pairs { get; }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (GgufLoraPair pair in Pairs)
        {
            pair.A.Dispose();
            pair.B.Dispose();
        }
    }
}
