using System.Globalization;

namespace AdaLoRA.Gen.Reports.Charts;

/// <summary>One axis: which values it spans, where they lie on the paper, and where its round numbers are.</summary>
internal sealed class Scale
{
    // Beyond it a difference of two values is no longer a number.
    private const double Largest = 1e150;

    private readonly double _low, _high, _from, _to;

    private Scale(double low, double high, double from, double to, bool isLogarithmic)
    {
        (_low, _high, _from, _to, IsLogarithmic) = (low, high, from, to, isLogarithmic);
    }

    /// <summary>Whether equal distances are equal ratios.</summary>
    public bool IsLogarithmic { get; }

    /// <summary>Spans exactly from one value to the other, if there is anything between them.</summary>
    public static Scale Exact(double low, double high, double from, double to) => new(low, high > low ? high : low + 1, from, to, isLogarithmic: false);

    /// <summary>Spans all values that are numbers, with a little room; logarithmic where they are positive and differ a hundredfold.</summary>
    /// <param name="values">May hold what is not a number.</param>
    /// <param name="from">Place of the low end on the paper.</param>
    /// <param name="to">Place of the high end.</param>
    /// <param name="fromZero">Whether zero must be in sight, however far the values are from it.</param>
    /// <param name="mayBeLogarithmic">False for what is read as a height.</param>
    public static Scale Of(IEnumerable<double> values, double from, double to, bool fromZero, bool mayBeLogarithmic)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (double v in values)
        {
            if (!double.IsFinite(v)) continue;
            (low, high) = (Math.Min(low, v), Math.Max(high, v));
        }
        if (low > high) (low, high) = (0, 1);
        (low, high) = (Math.Clamp(low, -Largest, Largest), Math.Clamp(high, -Largest, Largest));
        if (mayBeLogarithmic && low > 0 && high / low >= 100) return new(Math.Log10(low) - 0.05, Math.Log10(high) + 0.05, from, to, isLogarithmic: true);
        // A curve that comes near zero is read against it.
        fromZero |= low >= 0 && low < 0.3 * high;
        if (fromZero) (low, high) = (Math.Min(0, low), Math.Max(0, high));
        // A constant gets room on both sides, of its own size.
        double room = high > low ? 0.06 * (high - low) : low == 0 ? 1 : 0.1 * Math.Abs(low);
        return new(fromZero && low == 0 ? 0 : low - room, fromZero && high == 0 && low < 0 ? 0 : high + room, from, to, isLogarithmic: false);
    }

    /// <summary>Where a value lies; one beyond the ends at the end.</summary>
    public double At(double value)
    {
        double v = Math.Clamp(IsLogarithmic ? Math.Log10(Math.Max(value, double.Epsilon)) : value, _low, _high);
        return _from + (v - _low) / (_high - _low) * (_to - _from);
    }

    /// <summary>Round numbers within, and how they are written.</summary>
    /// <param name="most">About how many.</param>
    /// <param name="isWhole">Whether only whole numbers make sense.</param>
    public IReadOnlyList<(double Value, string Text)> Ticks(int most, bool isWhole = false)
    {
        if (IsLogarithmic) return LogarithmicTicks(most);
        double rough = (_high - _low) / Math.Max(1, most);
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = power * (rough / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 };
        if (isWhole) step = Math.Max(1, step);
        var ticks = new List<(double, string)>();
        double first = Math.Ceiling(_low / step - 1e-9);
        for (int i = 0; i <= 2 * most + 2; i++)
        {
            double value = (first + i) * step;
            if (value > _high + step * 1e-9) break;
            ticks.Add((value, Text(value, step)));
        }
        return ticks;
    }

    private List<(double, string)> LogarithmicTicks(int most)
    {
        int first = (int)Math.Ceiling(_low), last = (int)Math.Floor(_high), every = Math.Max(1, (last - first + most) / Math.Max(1, most));
        var ticks = new List<(double, string)>();
        for (int power = first; power <= last; power += every)
        {
            double value = Math.Pow(10, power);
            ticks.Add((value, power is >= -3 and <= 3 ? value.ToString("0.###", CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"1e{power}")));
        }
        return ticks;
    }

    // One unit for the whole axis, and as many digits as its step needs.
    private string Text(double value, double step)
    {
        double top = Math.Max(Math.Abs(_low), Math.Abs(_high));
        if (Math.Abs(value) < step / 2) return "0";
        if (top is < 1e-3 or >= 1e12) return value.ToString("0.#####e0", CultureInfo.InvariantCulture);
        var (unit, letter) = top switch { >= 1e9 => (1e9, "G"), >= 1e6 => (1e6, "M"), >= 1e4 => (1e3, "k"), _ => (1.0, "") };
        int digits = (int)Math.Clamp(-Math.Floor(Math.Log10(step / unit) + 1e-9), 0, 10);
        return (value / unit).ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) + letter;
    }
}
