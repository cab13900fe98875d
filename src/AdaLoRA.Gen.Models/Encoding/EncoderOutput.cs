using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>What an encoder gives, or a decoder before its head: the last hidden state of the real tokens, and where they stand in the padded batch.</summary>
/// <param name="rows">Last hidden state of the real tokens, [N, H].</param>
/// <param name="layout">Their places.</param>
public sealed class EncoderOutput(Tensor rows, TokenLayout layout) : IDisposable
{
    /// <summary>Last hidden state of the real tokens, [N, H] with N = sum of the lengths, in the order of <see cref="TokenLayout.Pack"/>.</summary>
    public Tensor Rows { get; } = rows;

    /// <summary>Places of the rows in the padded batch.</summary>
    public TokenLayout Layout { get; } = layout;

    /// <summary>The last hidden state as other libraries give it.</summary>
    /// <returns>[B, T, H]; padding is zero.</returns>
    public Tensor ToPadded() => Layout.Unpack(Rows);

    /// <summary>Mean over the real tokens: the sentence embedding of sentence-transformers, before its normalisation.</summary>
    /// <returns>[B, H].</returns>
    public Tensor MeanPool() => Layout.MeanPool(Rows);

    /// <summary>Hidden state of the first token, [CLS] in BERT.</summary>
    /// <returns>[B, H].</returns>
    public Tensor FirstToken() => Layout.FirstToken(Rows);

    /// <summary>Frees the rows and the layout.</summary>
    public void Dispose()
    {
        Rows.Dispose();
        Layout.Dispose();
    }
}
