using AdaLoRA.Gen.Tool.Files;
using AdaLoRA.Gen.Tool.Inspection;

namespace AdaLoRA.Gen.Tool.Comparison;

/// <summary>How far two ΔW are apart, from their thin factors alone.</summary>
internal static class DeltaDistance
{
    /// <summary>
    /// Norms of ΔW₁ = B₁·F₁, ΔW₂ = B₂·F₂ and of their difference, F being E·A·scale. The difference is taken as (B₁ − B₂)·F₁ + B₂·(F₁ − F₂), triplet beside triplet of the same slot:
    /// of two nearly equal adapters every term is small, where ‖ΔW₁‖² + ‖ΔW₂‖² − 2⟨ΔW₁, ΔW₂⟩ would lose half of the digits.
    /// </summary>
    public static (double NormA, double NormB, double Change, double Inner) Between(Factors a, SavedTarget targetA, Factors b, SavedTarget targetB)
    {
        // Slots say which triplet is which only where both runs began with as many.
        bool aligned = targetA.KeyE is not null && targetB.KeyE is not null && targetA.Slots.Length == targetB.Slots.Length;
        int[] slotsA = aligned ? SlotsOf(targetA) : [.. Enumerable.Range(0, a.Rank)], slotsB = aligned ? SlotsOf(targetB) : [.. Enumerable.Range(0, b.Rank)];
        int[] all = [.. slotsA.Union(slotsB).Order()];
        int r = all.Length;
        double[] fa = Rows(a.FoldedA(targetA.Scale), slotsA, all, a.In), fb = Rows(b.FoldedA(targetB.Scale), slotsB, all, b.In);
        double[] pa = Rows(Factors.Transposed(a.B, a.Out, a.Rank), slotsA, all, a.Out), pb = Rows(Factors.Transposed(b.B, b.Out, b.Rank), slotsB, all, b.Out);
        double[] left = [.. Minus(pa, pb), .. pb], right = [.. fa, .. Minus(fa, fb)];
        double change = Gram.Inner(Gram.OfRows(left, 2 * r, left, 2 * r, a.Out), Gram.OfRows(right, 2 * r, right, 2 * r, a.In));
        return (Norm(pa, fa), Norm(pb, fb), Root(change), Gram.Inner(Gram.OfRows(pa, r, pb, r, a.Out), Gram.OfRows(fa, r, fb, r, a.In)));

        double Norm(double[] p, double[] f) => Root(Gram.Inner(Gram.OfRows(p, r, p, r, a.Out), Gram.OfRows(f, r, f, r, a.In)));
    }

    // A sum of rounded products may come out a little below zero.
    private static double Root(double square) => Math.Sqrt(Math.Max(0, square));

    private static int[] SlotsOf(SavedTarget target) => [.. Enumerable.Range(0, target.Slots.Length).Where(k => target.Slots[k])];

    /// <summary>The rows of some slots among those of all, zeros for the others.</summary>
    private static double[] Rows(double[] values, int[] slots, int[] all, int length)
    {
        double[] spread = new double[all.Length * length];
        for (int k = 0; k < slots.Length; k++) values.AsSpan(k * length, length).CopyTo(spread.AsSpan(Array.BinarySearch(all, slots[k]) * length));
        return spread;
    }

    private static double[] Minus(double[] x, double[] y)
    {
        double[] difference = new double[x.Length];
        for (int i = 0; i < x.Length; i++) difference[i] = x[i] - y[i];
        return difference;
    }
}
