using AdaLoRA.Gen.Reports.Drawing;

namespace AdaLoRA.Gen.Reports.Charts;

/// <summary>A value at a step, or at any other place of the horizontal axis.</summary>
internal readonly record struct Reading(double X, double Y);

/// <summary>How the readings of a series are joined.</summary>
internal enum Shape
{
    /// <summary>By straight lines.</summary>
    Line,

    /// <summary>Each holds until the next.</summary>
    Stairs,

    /// <summary>By straight lines, each with a dot.</summary>
    Dots,
}

/// <summary>One curve.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Ink">Colour.</param>
/// <param name="Readings">In order of X; what is not a number interrupts the curve.</param>
internal sealed record Series(string Name, Ink Ink, IReadOnlyList<Reading> Readings)
{
    public Shape Shape { get; init; }

    public double Width { get; init; } = 1.75;

    public bool IsDashed { get; init; }

    public double Opacity { get; init; } = 1;
}
