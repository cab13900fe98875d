using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>
/// Where the real tokens of a padded batch are. Encoders compute on the real tokens only, as rows [N, H] (N = sum of the lengths): every linear layer, norm and
/// activation skips the padding, and adapters see two-dimensional activations, on which their in-place addition is cheapest. Only attention goes back to [B, T].
/// </summary>
/// <remarks>Made once a batch from the attention mask on the host: on a GPU keep the mask on the CPU, or making the layout waits for the device once.</remarks>
public sealed class TokenLayout : IDisposable
{
    private readonly Tensor? _rows;
    private readonly Tensor? _bias;
    private readonly Tensor _first;
    private readonly long[] _lengths;
    private Tensor? _mean;

    private TokenLayout(long batch, long length, long[] lengths, Tensor? rows, Tensor positions, Tensor first, Tensor? bias)
    {
        (Batch, Length, _lengths, _rows, Positions, _first, _bias) = (batch, length, lengths, rows, positions, first, bias);
    }

    /// <summary>Sequences, B.</summary>
    public long Batch { get; }

    /// <summary>Padded length, T.</summary>
    public long Length { get; }

    /// <summary>Real tokens of each sequence, B of them.</summary>
    public IReadOnlyList<long> Lengths => _lengths;

    /// <summary>Whether some positions are padding; without padding packing and unpacking are views and cost nothing.</summary>
    public bool HasPadding => _rows is not null;

    /// <summary>Position of each real token in its sequence, int64 [N].</summary>
    public Tensor Positions { get; }

    /// <summary>What attention adds to its scores: 0 at real tokens, minus infinity at padding, float32 [B, 1, 1, T]; null without padding.</summary>
    public Tensor? AttentionBias => _bias;

    /// <summary>Reads a mask.</summary>
    /// <param name="attentionMask">[B, T] of any type: 0 is padding, anything else a real token.</param>
    /// <param name="device">Where the model is. Default: where the mask is.</param>
    /// <returns>The layout; its tensors belong to the dispose scope of the caller.</returns>
    /// <exception cref="AdaLoRAException">The mask is not [B, T], or a sequence has no real token.</exception>
    public static TokenLayout Of(Tensor attentionMask, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(attentionMask);
        if (attentionMask.dim() != 2) throw new AdaLoRAException($"The attention mask has the shape [{string.Join(", ", attentionMask.shape)}]; it must be [batch, length].");
        (long batch, long length) = (attentionMask.shape[0], attentionMask.shape[1]);
        bool[] real = Host(attentionMask);
        var lengths = new long[batch];
        var first = new long[batch];
        var rows = new List<long>(real.Length);
        for (int b = 0, at = 0; b < batch; b++)
        {
            first[b] = rows.Count;
            for (int t = 0; t < length; t++, at++)
            {
                if (real[at]) rows.Add(at);
            }
            lengths[b] = rows.Count - first[b];
            if (lengths[b] == 0) throw new AdaLoRAException($"Sequence {b} of the batch has no token that the attention mask lets through: leave it out, or give it its special tokens.");
        }
        Device place = device ?? attentionMask.device;
        long[] at1 = [.. rows];
        long[] positions = Array.ConvertAll(at1, row => row % length);
        if (at1.Length == real.Length) return new TokenLayout(batch, length, lengths, null, torch.tensor(positions, device: place), torch.tensor(first, device: place), null);
        float[] bias = Array.ConvertAll(real, isReal => isReal ? 0f : float.NegativeInfinity);
        return new TokenLayout(batch, length, lengths, torch.tensor(at1, device: place), torch.tensor(positions, device: place), torch.tensor(first, device: place),
            torch.tensor(bias, [batch, 1, 1, length], device: place));
    }

    /// <summary>The layout of a batch without padding.</summary>
    /// <param name="batch">Sequences, B.</param>
    /// <param name="length">Tokens of each, T.</param>
    /// <param name="device">Where the model is. Default: the CPU.</param>
    /// <returns>The layout.</returns>
    public static TokenLayout Full(long batch, long length, Device? device = null)
    {
        Device place = device ?? torch.CPU;
        Tensor positions = torch.arange(length, dtype: ScalarType.Int64, device: place).expand(batch, length).reshape(-1);
        long[] lengths = new long[batch];
        Array.Fill(lengths, length);
        return new TokenLayout(batch, length, lengths, null, positions, torch.arange(batch, dtype: ScalarType.Int64, device: place).mul(length), null);
    }

    /// <summary>Takes the real tokens out of a padded tensor.</summary>
    /// <param name="padded">[B, T, …].</param>
    /// <returns>[N, …].</returns>
    public Tensor Pack(Tensor padded)
    {
        ArgumentNullException.ThrowIfNull(padded);
        Tensor flat = padded.reshape([Batch * Length, .. padded.shape[2..]]);
        return _rows is null ? flat : flat.index_select(0, _rows);
    }

    /// <summary>Puts rows back to their places; padding is zero.</summary>
    /// <param name="rows">[N, H].</param>
    /// <returns>[B, T, H].</returns>
    public Tensor Unpack(Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        long hidden = rows.shape[1];
        return (_rows is null ? rows : rows.new_zeros(Batch * Length, hidden).index_copy_(0, _rows, rows)).view(Batch, Length, hidden);
    }

    /// <summary>Mean over the real tokens of each sequence.</summary>
    /// <param name="rows">[N, H].</param>
    /// <returns>[B, H].</returns>
    public Tensor MeanPool(Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (_rows is null) return rows.view(Batch, Length, -1).mean([1]);
        // A small dense product: deterministic on every device, which index_add is not on CUDA.
        _mean ??= MeanMatrix(rows.device);
        return _mean.to(rows.dtype).mm(rows);
    }

    /// <summary>The first real token of each sequence ([CLS] in BERT).</summary>
    /// <param name="rows">[N, H].</param>
    /// <returns>[B, H].</returns>
    public Tensor FirstToken(Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return rows.index_select(0, _first);
    }

    /// <summary>Frees the index tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor? tensor in (Tensor?[])[_rows, _bias, _first, Positions, _mean]) tensor?.Dispose();
    }

    private Tensor MeanMatrix(Device device)
    {
        var weights = new float[Batch, _lengths.Sum()];
        for (int b = 0, row = 0; b < Batch; b++)
        {
            for (long end = row + _lengths[b]; row < end; row++) weights[b, row] = 1f / _lengths[b];
        }
        return torch.tensor(weights, device: device);
    }

    private static bool[] Host(Tensor mask)
    {
        using var scope = torch.NewDisposeScope();
        return mask.ne(0).cpu().contiguous().data<bool>().ToArray();
    }
}
