using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// Shrinks flat buffers to some of their triplets: weights, moments and averages are sliced along, so a run goes on with what it had. One small copy a factor; happens once.
/// </summary>
internal sealed class Compaction
{
    private readonly ArenaLayout _old;
    private readonly int[][] _kept;

    /// <summary>Plans a compaction.</summary>
    /// <param name="old">The layout to shrink.</param>
    /// <param name="kept">For each adapter in canonical order, the triplets that stay, ascending.</param>
    public Compaction(ArenaLayout old, int[][] kept)
    {
        _old = old;
        _kept = kept;
        var shapes = new AdapterShape[kept.Length];
        for (int i = 0; i < shapes.Length; i++) shapes[i] = old.Shapes[i] with { Rank = kept[i].Length };
        Layout = new ArenaLayout(shapes, old.HasLambda);
    }

    /// <summary>The layout of the survivors.</summary>
    public ArenaLayout Layout { get; }

    /// <summary>The survivors of a buffer like P, as a new buffer out of every dispose scope.</summary>
    public Tensor Gather(Tensor flat)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var result = zeros(Layout.Total, dtype: flat.dtype, device: flat.device);
        for (int i = 0; i < _kept.Length; i++)
        {
            if (_kept[i].Length == 0) continue;
            var rows = tensor(_kept[i].Select(k => (long)k).ToArray(), device: flat.device);
            var (before, after) = (_old.Shapes[i], Layout.Shapes[i]);
            Copy(_old.AOffsets[i], Layout.AOffsets[i], before.InFeatures);
            Copy(_old.BOffsets[i], Layout.BOffsets[i], before.OutFeatures);
            if (_old.HasLambda) Copy(_old.TripletOffsets[i], Layout.TripletOffsets[i], 1);

            void Copy(long from, long to, int length) =>
                AdapterArena.View(result, to, after.Rank, length).copy_(AdapterArena.View(flat, from, before.Rank, length).index_select(0, rows));
        }
        return result.DetachFromDisposeScope();
    }
}
