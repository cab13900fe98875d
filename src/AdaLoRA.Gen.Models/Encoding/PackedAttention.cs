using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Scaled dot-product attention of packed rows, each sequence with itself; causal where the layout says so.</summary>
internal static class PackedAttention
{
    /// <summary>
    /// Attends. Queries are [N, heads d], keys and values [N, keyHeads d] (grouped-query attention, Ainslie et al. 2023: each of them serves heads ÷ keyHeads queries); the result is
    /// [N, heads d]. Temporaries join the caller's dispose scope.
    /// </summary>
    internal static Tensor Attend(Tensor q, Tensor k, Tensor v, long heads, TokenLayout layout, double dropout, long? keyHeads = null)
    {
        var sizes = new Heads(heads, keyHeads ?? heads);
        if (layout.Blocks is not { } blocks) return AttendPadded(q, k, v, sizes, layout, dropout);
        if (blocks.Count == 1) return AttendBlock(q, k, v, sizes, blocks[0], layout.Causal, dropout);
        // One split for all blocks: its backward is one concatenation, where a slice for each block would fill a whole gradient with zeros.
        long[] rows = [.. blocks.Select(block => block.Count * block.Length)];
        Tensor[] qs = q.split(rows, 0), ks = k.split(rows, 0), vs = v.split(rows, 0);
        return torch.cat([.. blocks.Select((block, i) => AttendBlock(qs[i], ks[i], vs[i], sizes, block, layout.Causal, dropout))], 0);
    }

    private static Tensor AttendBlock(Tensor q, Tensor k, Tensor v, Heads heads, (long Count, long Length) block, bool causal, double dropout)
    {
        Tensor Split(Tensor rows, long count) => rows.view(block.Count, block.Length, count, -1).transpose(1, 2);
        Tensor mixed = nn.functional.scaled_dot_product_attention(Split(q, heads.Query), heads.Repeat(Split(k, heads.Key)), heads.Repeat(Split(v, heads.Key)), null, dropout, causal);
        return Merge(mixed, block.Count * block.Length);
    }

    private static Tensor AttendPadded(Tensor q, Tensor k, Tensor v, Heads heads, TokenLayout layout, double dropout)
    {
        Tensor Split(Tensor rows, long count) => layout.Unpack(rows).view(layout.Batch, layout.Length, count, -1).transpose(1, 2);
        Tensor? bias = layout.AttentionBias?.to(q.dtype);
        Tensor mixed = nn.functional.scaled_dot_product_attention(Split(q, heads.Query), heads.Repeat(Split(k, heads.Key)), heads.Repeat(Split(v, heads.Key)), bias, dropout, layout.Causal && bias is null);
        return layout.Pack(Merge(mixed, layout.Batch * layout.Length).view(layout.Batch, layout.Length, -1));
    }

    /// <summary>[B, heads, T, d] to [B T, heads d].</summary>
    private static Tensor Merge(Tensor mixed, long rows) => mixed.transpose(1, 2).reshape(rows, -1);

    private readonly record struct Heads(long Query, long Key)
    {
        /// <summary>[B, Key, T, d] to [B, Query, T, d]: TorchSharp's attention does not know grouped queries.</summary>
        internal Tensor Repeat(Tensor keys)
        {
            if (Key == Query) return keys;
            long[] shape = keys.shape;
            return keys.unsqueeze(2).expand(shape[0], Key, Query / Key, shape[2], shape[3]).reshape(shape[0], Query, shape[2], shape[3]);
        }
    }
}
