using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>A ratio of two variants' step times that must not be exceeded.</summary>
/// <param name="Shape">Where it is measured.</param>
/// <param name="Numerator">Ours.</param>
/// <param name="Denominator">What it is compared with.</param>
/// <param name="Limit">Largest ratio that holds.</param>
/// <param name="Required">Whether missing it fails the run; otherwise it is a goal of later work, shown for information.</param>
internal sealed record Bar(StackShape Shape, string Numerator, string Denominator, double Limit, bool Required)
{
    public string Name => $"{Shape.Name} {Numerator}/{Denominator}{(Required ? "" : " (goal)")}";

    public static IReadOnlyList<Bar> All { get; } = [.. StackShape.Timed.SelectMany((shape, i) => new[]
    {
        new Bar(shape, Variant.ArenaAdaLoRA, Variant.PeftAdaLoRA, Pick(i, 0.94, 0.58, 0.40), Required: true),
        new Bar(shape, Variant.ArenaAdaLoRA, Variant.PeftAdaLoRA, Pick(i, 0.90, 0.50, 0.32), Required: false),
        new Bar(shape, Variant.ArenaAdaLoRA, Variant.PeftLoRA, Pick(i, 1.00, 0.72, 0.64), Required: false),
        new Bar(shape, Variant.ArenaAdaLoRA, Variant.ArenaLoRA, Pick(i, 1.03, 1.05, 1.06), Required: false),
        new Bar(shape, Variant.ArenaAdaLoRA, Variant.Frozen, Pick(i, 1.10, 1.42, 1.52), Required: false),
    })];

    public Verdict Judge(Measurement measurement)
    {
        var ratio = measurement.Ratio(Numerator, Denominator);
        return new Verdict(Name, ratio.Median, ratio.Low, ratio.High, Limit, ratio.Median <= Limit, Required, measurement.Rounds);
    }

    private static double Pick(int index, params ReadOnlySpan<double> limits) => limits[index];
}

/// <summary>A bar and what was measured.</summary>
internal sealed record Verdict(string Name, double Value, double Low, double High, double Bar, bool Ok, bool Required, int Samples);
