using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// The attention heads of a Llama-family model, which decide how llama.cpp reorders the rows of q_proj and k_proj: Hugging Face rotates the two halves of a head against each
/// other, ggml rotates neighbours, so row j of the first half goes to 2j and row j of the second half to 2j + 1 (LlamaModel.permute in conversion/llama.py of llama.cpp).
/// Of W + BA that reorders the rows of B alone.
/// </summary>
public sealed record LlamaHeads
{
    /// <summary>Creates the pair.</summary>
    /// <param name="headCount">Query heads: <c>num_attention_heads</c> of config.json.</param>
    /// <param name="keyValueHeadCount">Key and value heads: <c>num_key_value_heads</c> of config.json; as many as query heads where it is missing.</param>
    /// <exception cref="AdaLoRAException">A count is below 1, or the query heads do not share the key heads evenly.</exception>
    public LlamaHeads(int headCount, int keyValueHeadCount)
    {
        if (headCount < 1 || keyValueHeadCount < 1 || headCount % keyValueHeadCount != 0)
        {
            throw new AdaLoRAException($"A model with {headCount} query heads and {keyValueHeadCount} key heads cannot be; give num_attention_heads and num_key_value_heads of its config.json.");
        }
        (HeadCount, KeyValueHeadCount) = (headCount, keyValueHeadCount);
    }

    /// <summary>Query heads.</summary>
    public int HeadCount { get; }

    /// <summary>Key and value heads.</summary>
    public int KeyValueHeadCount { get; }

    /// <summary>The rows of a query's or key's lora_B [out, rank] in llama.cpp's order: a new tensor.</summary>
    internal static Tensor Permute(Tensor rows, int heads) => Reorder(rows, [heads, 2, HalfOf(rows, heads), rows.shape[1]]);

    /// <summary>The same of a matrix in memory.</summary>
    internal static FloatMatrix Permute(FloatMatrix rows, int heads)
    {
        int half = rows.Rows / heads / 2, width = rows.Columns;
        float[] reordered = new float[rows.Values.Length];
        for (int i = 0; i < rows.Rows; i++)
        {
            var (head, second, row) = (i / (2 * half), i / half % 2, i % half);
            rows.Values.AsSpan(i * width, width).CopyTo(reordered.AsSpan(((head * half + row) * 2 + second) * width));
        }
        return new FloatMatrix(reordered, rows.Rows, width);
    }

    /// <summary>The same rows back in Hugging Face's order: a new tensor.</summary>
    internal static Tensor Unpermute(Tensor rows, int heads) => Reorder(rows, [heads, HalfOf(rows, heads), 2, rows.shape[1]]);

    /// <summary>Whether so many rows are heads of an even length.</summary>
    internal static bool Fits(long rows, int heads) => rows % (2L * heads) == 0;

    private static long HalfOf(Tensor rows, int heads) => rows.shape[0] / heads / 2;

    private static Tensor Reorder(Tensor rows, long[] shape)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        return rows.detach().reshape(shape).transpose(1, 2).contiguous().reshape(rows.shape).clone().MoveToOuterDisposeScope();
    }
}
