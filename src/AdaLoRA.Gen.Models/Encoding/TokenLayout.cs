using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>
/// Where the real tokens of a padded batch are. Encoders compute on the real tokens only, as rows [N, H] (N = sum of the lengths): every linear layer, norm and
/// activation skips the padding, and adapters see two-dimensional activations, on which their in-place addition is cheapest. Only attention goes back to [B, T].
/// </summary>
/// <remarks>
/// Made once a batch from the attention mask on the host: on a GPU keep the mask on the CPU, or making the layout waits for the device once. On the CPU the rows are
/// ordered by the length of their sequence, so that sequences of one length are a block that attends without any padding or mask.
/// </remarks>
public sealed class TokenLayout : IDisposable
{
    private readonly Tensor? _rows;
    private readonly Tensor _first;
    private readonly long[] _lengths, _starts;

    private TokenLayout(long batch, long length, long[] lengths, long[] starts, Tensor? rows, Tensor positions, Tensor? bias, IReadOnlyList<(long Count, long Length)>? blocks, bool causal)
    {
        (Batch, Length, _lengths, _starts, _rows, Positions, AttentionBias, Blocks, Causal) = (batch, length, lengths, starts, rows, positions, bias, blocks, causal);
        _first = torch.tensor(starts, device: positions.device);
    }

    private TokenLayout(TokenLayout other, Tensor? rows, Tensor? bias)
    {
        (Batch, Length, _lengths, _starts, Positions, Blocks, Causal, _first) = (other.Batch, other.Length, other._lengths, other._starts, other.Positions, other.Blocks, other.Causal, other._first);
        (_rows, AttentionBias) = (rows, bias);
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

    /// <summary>Rows of sequences of one length, one block behind the other; null where attention has to pad (on a GPU many small blocks cost more than padding).</summary>
    internal IReadOnlyList<(long Count, long Length)>? Blocks { get; }

    /// <summary>
    /// What attention over [B, T] adds to its scores: 0 where it may look, minus infinity elsewhere, float32 [B, 1, 1, T], or [B, 1, T, T] for a decoder; null where it needs none.
    /// </summary>
    internal Tensor? AttentionBias { get; }

    /// <summary>Whether a token attends to those before it and to itself only (decoders).</summary>
    internal bool Causal { get; }

    /// <summary>What layers read of the layout's tensors: a checkpoint keeps them, for the layout may be gone by backward.</summary>
    internal IEnumerable<Tensor> LayerTensors => Blocks is null ? ((Tensor?[])[_rows, AttentionBias]).OfType<Tensor>() : [];

    /// <summary>Reads a mask.</summary>
    /// <param name="attentionMask">[B, T] of any type: 0 is padding, anything else a real token.</param>
    /// <param name="device">Where the model is. Default: where the mask is.</param>
    /// <returns>The layout; its tensors belong to the dispose scope of the caller.</returns>
    /// <exception cref="AdaLoRAException">The mask is not [B, T], or a sequence has no real token.</exception>
    public static TokenLayout Of(Tensor attentionMask, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(attentionMask);
        return Of(attentionMask, device ?? attentionMask.device, inBlocks: (device ?? attentionMask.device).type == DeviceType.CPU);
    }

    /// <summary>The layout of a decoder's batch.</summary>
    internal static TokenLayout OfDecoder(Tensor input_ids, Tensor? attentionMask) => OfInputs(input_ids, attentionMask, causal: true);

    /// <summary>The layout of a batch as a model gets it, after its inputs were looked at: libtorch would answer with a page of trace.</summary>
    /// <exception cref="AdaLoRAException">The ids are no whole numbers [B, T], or the mask is of another shape.</exception>
    internal static TokenLayout OfInputs(Tensor input_ids, Tensor? attentionMask, bool causal = false)
    {
        ArgumentNullException.ThrowIfNull(input_ids);
        if (input_ids.dim() != 2 || input_ids.dtype is not (ScalarType.Int64 or ScalarType.Int32))
        {
            throw new AdaLoRAException($"The token ids are {input_ids.dtype} [{string.Join(", ", input_ids.shape)}]; they must be Int64 or Int32 [batch, length].");
        }
        if (attentionMask is null) return Full(input_ids.shape[0], input_ids.shape[1], input_ids.device, causal);
        if (!attentionMask.shape.SequenceEqual(input_ids.shape)) throw new AdaLoRAException($"The attention mask is [{string.Join(", ", attentionMask.shape)}] and the token ids [{string.Join(", ", input_ids.shape)}]; give one mask value for each token.");
        return Of(attentionMask, input_ids.device, inBlocks: input_ids.device.type == DeviceType.CPU, causal);
    }

    internal static TokenLayout Of(Tensor attentionMask, Device device, bool inBlocks, bool causal = false)
    {
        if (attentionMask.dim() != 2) throw new AdaLoRAException($"The attention mask has the shape [{string.Join(", ", attentionMask.shape)}]; it must be [batch, length].");
        (int batch, int length) = ((int)attentionMask.shape[0], (int)attentionMask.shape[1]);
        bool[] real = Host(attentionMask);
        long[] lengths = [.. Enumerable.Range(0, batch).Select(b => (long)real.AsSpan(b * length, length).Count(true))];
        int empty = Array.IndexOf(lengths, 0);
        if (empty >= 0) throw new AdaLoRAException($"Sequence {empty} of the batch has no token that the attention mask lets through: leave it out, or give it its special tokens.");
        if (lengths.All(one => one == length)) return Full(batch, length, device, causal);

        IEnumerable<int> order = Enumerable.Range(0, batch);
        var rows = new List<long>(real.Length);
        long[] starts = new long[batch];
        foreach (int b in inBlocks ? order.OrderBy(b => lengths[b]) : order)
        {
            starts[b] = rows.Count;
            for (int at = b * length; at < (b + 1) * length; at++)
            {
                if (real[at]) rows.Add(at);
            }
        }
        long[] positions = [.. rows.Select(row => row % length)];
        (long, long)[]? blocks = inBlocks ? [.. lengths.GroupBy(one => one).OrderBy(group => group.Key).Select(group => ((long)group.Count(), group.Key))] : null;
        Tensor? bias = inBlocks ? null : causal ? CausalBias(real, lengths, batch, length, device) : torch.tensor(Array.ConvertAll(real, isReal => isReal ? 0f : float.NegativeInfinity), [batch, 1, 1, length], device: device);
        return new TokenLayout(batch, length, lengths, starts, torch.tensor(rows.ToArray(), device: device), torch.tensor(positions, device: device), bias, blocks, causal);
    }

    /// <summary>The layout of a batch without padding.</summary>
    /// <param name="batch">Sequences, B.</param>
    /// <param name="length">Tokens of each, T.</param>
    /// <param name="device">Where the model is. Default: the CPU.</param>
    /// <returns>The layout.</returns>
    public static TokenLayout Full(long batch, long length, Device? device = null) => Full(batch, length, device, causal: false);

    private static TokenLayout Full(long batch, long length, Device? device, bool causal)
    {
        Device place = device ?? torch.CPU;
        Tensor positions = torch.arange(length, dtype: ScalarType.Int64, device: place).expand(batch, length).reshape(-1);
        long[] lengths = new long[batch];
        Array.Fill(lengths, length);
        long[] starts = [.. Enumerable.Range(0, (int)batch).Select(b => b * length)];
        return new TokenLayout(batch, length, lengths, starts, null, positions, null, [(batch, length)], causal);
    }

    /// <summary>The same layout for layers, on other tensors for <see cref="LayerTensors"/>.</summary>
    /// <param name="tensors">In their order.</param>
    internal TokenLayout Over(IEnumerable<Tensor> tensors)
    {
        if (Blocks is not null) return this;
        var next = new Queue<Tensor>(tensors);
        return new TokenLayout(this, _rows is null ? null : next.Dequeue(), AttentionBias is null ? null : next.Dequeue());
    }

    /// <summary>Takes the real tokens out of a padded tensor.</summary>
    /// <param name="padded">[B, T, …].</param>
    /// <returns>[N, …], in the order of this layout; labels of tokens are packed by the same call.</returns>
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
        using Tensor weights = MeanMatrix(rows.device, rows.dtype);
        return weights.mm(rows);
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
        foreach (Tensor? tensor in (Tensor?[])[_rows, _first, Positions, AttentionBias]) tensor?.Dispose();
    }

    private Tensor MeanMatrix(Device device, ScalarType dtype)
    {
        var weights = new float[Batch, _lengths.Sum()];
        for (int b = 0; b < Batch; b++)
        {
            for (long row = _starts[b]; row < _starts[b] + _lengths[b]; row++) weights[b, row] = 1f / _lengths[b];
        }
        return torch.tensor(weights, dtype: dtype, device: device);
    }

    /// <summary>Null where padding stands behind the tokens: no real token looks at it then, and attention's own causal mask is enough.</summary>
    private static Tensor? CausalBias(bool[] real, long[] lengths, int batch, int length, Device device)
    {
        if (Enumerable.Range(0, batch).All(b => real.AsSpan(b * length, (int)lengths[b]).IndexOf(false) < 0)) return null;
        using var scope = torch.NewDisposeScope();
        Tensor keys = torch.tensor(real, [batch, 1, 1, length], device: device);
        // The diagonal stays open: of a padding row that may look nowhere some kernels of attention make NaN, whose gradient would reach real tokens.
        Tensor open = keys.logical_or(torch.eye(length, dtype: ScalarType.Bool, device: device)).logical_and(torch.ones(length, length, dtype: ScalarType.Bool, device: device).tril());
        return torch.zeros(open.shape, device: device).masked_fill_(open.logical_not(), double.NegativeInfinity).MoveToOuterDisposeScope();
    }

    private static bool[] Host(Tensor mask)
    {
        using var scope = torch.NewDisposeScope();
        return mask.ne(0).cpu().contiguous().data<bool>().ToArray();
    }
}
