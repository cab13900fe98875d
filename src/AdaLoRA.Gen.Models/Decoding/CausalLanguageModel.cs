using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>A decoder with a head over the vocabulary. Computes on real tokens only (<see cref="TokenLayout"/>).</summary>
public abstract class CausalLanguageModel : nn.Module<Tensor, Tensor?, Tensor>
{
    private protected CausalLanguageModel(string name) : base(name) { }

    /// <inheritdoc cref="BertModel.ActivationCheckpointing"/>
    public abstract bool ActivationCheckpointing { get; set; }

    /// <summary>Scores of every word as the next one, at every position.</summary>
    /// <param name="input_ids">Token ids, int64 [B, T].</param>
    /// <param name="attention_mask">0 where a token is padding, [B, T]; null: no padding.</param>
    /// <returns>Logits, [B, T, V]; zero at padding.</returns>
    /// <exception cref="AdaLoRAException">The batch is longer than the model's positions, or a sequence is empty.</exception>
    public override Tensor forward(Tensor input_ids, Tensor? attention_mask)
    {
        using var scope = torch.NewDisposeScope();
        using EncoderOutput decoded = Decode(input_ids, attention_mask);
        return decoded.Layout.Unpack(Head(decoded.Rows)).MoveToOuterDisposeScope();
    }

    /// <summary>Mean cross-entropy of the next token, Hugging Face's <c>loss</c>: the logits at t are compared with the label at t + 1.</summary>
    /// <param name="input_ids">Token ids, int64 [B, T].</param>
    /// <param name="attention_mask">0 where a token is padding, [B, T]; null: no padding. Logits at padding do not count.</param>
    /// <param name="labels">int64 [B, T]; -100 does not count.</param>
    /// <returns>A scalar, float32 for models in 16 bits; NaN when no label counts.</returns>
    /// <exception cref="AdaLoRAException">The labels have another shape than the ids, the batch is longer than the model's positions, or a sequence is empty.</exception>
    public Tensor Loss(Tensor input_ids, Tensor? attention_mask, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(input_ids);
        ArgumentNullException.ThrowIfNull(labels);
        if (!labels.shape.SequenceEqual(input_ids.shape)) throw new AdaLoRAException($"The labels are [{string.Join(", ", labels.shape)}] and the ids [{string.Join(", ", input_ids.shape)}]: give one label for each token, -100 where none counts; they are shifted here.");
        using var scope = torch.NewDisposeScope();
        using EncoderOutput decoded = Decode(input_ids, attention_mask);
        Tensor last = torch.full([labels.shape[0], 1], -100, dtype: ScalarType.Int64, device: labels.device);
        Tensor next = torch.cat([labels.narrow(1, 1, labels.shape[1] - 1), last], 1);
        Tensor logits = Head(decoded.Rows);
        // In 16 bits a loss has 8 to 11 of them; Hugging Face takes float32, too.
        if (logits.dtype is ScalarType.BFloat16 or ScalarType.Float16) logits = logits.to(ScalarType.Float32);
        return nn.functional.cross_entropy(logits, decoded.Layout.Pack(next)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Appends the likeliest token, again and again. Every step computes the whole sequence anew (there is no cache of keys and values): its cost grows with the square of the
    /// length, which is meant for looking at what a model learnt, not for serving.
    /// </summary>
    /// <param name="input_ids">Token ids without padding, int64 [B, T].</param>
    /// <param name="newTokens">How many tokens to append; no token ends it earlier.</param>
    /// <returns>int64 [B, T + newTokens].</returns>
    /// <exception cref="AdaLoRAException">The result is longer than the model's positions.</exception>
    public Tensor Generate(Tensor input_ids, int newTokens)
    {
        ArgumentNullException.ThrowIfNull(input_ids);
        ArgumentOutOfRangeException.ThrowIfNegative(newTokens);
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        Tensor ids = input_ids.clone();
        for (int i = 0; i < newTokens; i++)
        {
            using var step = torch.NewDisposeScope();
            using EncoderOutput decoded = Decode(ids, null);
            Tensor last = decoded.Rows.view(ids.shape[0], ids.shape[1], -1).select(1, ids.shape[1] - 1);
            ids = torch.cat([ids, Head(last).argmax(-1, keepdim: true)], 1).MoveToOuterDisposeScope();
        }
        return ids.MoveToOuterDisposeScope();
    }

    /// <summary>The decoder: last hidden state of the real tokens, behind the final norm.</summary>
    private protected abstract EncoderOutput Decode(Tensor input_ids, Tensor? attention_mask);

    /// <summary>The head: [N, H] to [N, V].</summary>
    private protected abstract Tensor Head(Tensor rows);
}
