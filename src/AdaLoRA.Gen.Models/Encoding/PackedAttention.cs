using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Scaled dot-product attention of packed rows, each sequence with itself.</summary>
internal static class PackedAttention
{
    /// <summary>Attends. Query, key and value are [N, H]; so is the result. Temporaries join the caller's dispose scope.</summary>
    internal static Tensor Attend(Tensor q, Tensor k, Tensor v, long heads, TokenLayout layout, double dropout)
    {
        if (layout.Blocks is not { } blocks) return AttendPadded(q, k, v, heads, layout, dropout);
        if (blocks.Count == 1) return AttendBlock(q, k, v, heads, blocks[0], dropout);
        // One split for all blocks: its backward is one concatenation, where a slice for each block would fill a whole gradient with zeros.
        long[] sizes = [.. blocks.Select(block => block.Count * block.Length)];
        Tensor[] qs = q.split(sizes, 0), ks = k.split(sizes, 0), vs = v.split(sizes, 0);
        return torch.cat([.. blocks.Select((block, i) => AttendBlock(qs[i], ks[i], vs[i], heads, block, dropout))], 0);
    }

    private static Tensor AttendBlock(Tensor q, Tensor k, Tensor v, long heads, (long Count, long Length) block, double dropout)
    {
        Tensor Split(Tensor rows) => rows.view(block.Count, block.Length, heads, -1).transpose(1, 2);
        return Merge(nn.functional.scaled_dot_product_attention(Split(q), Split(k), Split(v), null, dropout), block.Count * block.Length);
    }

    private static Tensor AttendPadded(Tensor q, Tensor k, Tensor v, long heads, TokenLayout layout, double dropout)
    {
        Tensor Split(Tensor rows) => layout.Unpack(rows).view(layout.Batch, layout.Length, heads, -1).transpose(1, 2);
        Tensor mixed = nn.functional.scaled_dot_product_attention(Split(q), Split(k), Split(v), layout.AttentionBias?.to(q.dtype), dropout);
        return layout.Pack(Merge(mixed, layout.Batch * layout.Length).view(layout.Batch, layout.Length, -1));
    }

    /// <summary>[B, heads, T, d] to [B T, heads d].</summary>
    private static Tensor Merge(Tensor mixed, long rows) => mixed.transpose(1, 2).reshape(rows, -1);
}
