using System.Text.Json.Serialization;
using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>A bar and what was measured.</summary>
/// <param name="Name">Starts with the group's name.</param>
/// <param name="Value">The figure that is judged; null where none could be measured.</param>
/// <param name="Low">Lower end of its 95 % interval, or the smallest figure of few.</param>
/// <param name="High">Upper end.</param>
/// <param name="Bar">The bound.</param>
/// <param name="Sense">On which side of the bound the value must lie.</param>
/// <param name="Unit">Of value and bound; "ratio" for a quotient.</param>
/// <param name="Ok">Whether it holds; null where it does not apply to this machine.</param>
/// <param name="Samples">How many measurements the value is made of.</param>
/// <param name="Note">Why it was skipped or could not be measured; else what is worth knowing, or null.</param>
internal sealed record Verdict(string Name, double? Value, double? Low, double? High, double Bar, Sense Sense, string Unit, bool? Ok, int Samples, string? Note = null)
{
    public static Verdict AtMost(string name, Interval measured, double bar, int samples, string unit = "ratio", string? note = null) =>
        new(name, measured.Median, measured.Low, measured.High, bar, Sense.AtMost, unit, measured.Median <= bar, samples, note);

    public static Verdict AtLeast(string name, Interval measured, double bar, int samples, string unit = "ratio", string? note = null) =>
        new(name, measured.Median, measured.Low, measured.High, bar, Sense.AtLeast, unit, measured.Median >= bar, samples, note);

    /// <summary>A bar that this machine cannot be judged by; it does not fail the run.</summary>
    public Verdict Skipped(string reason) => this with { Value = null, Low = null, High = null, Ok = null, Note = reason };

    /// <summary>A bar whose measurement failed; it fails the run.</summary>
    public static Verdict Failed(string name, string reason) => new(name, null, null, null, double.NaN, Sense.AtMost, "", false, 0, reason);
}

/// <summary>On which side of its bound a value must lie.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Sense>))]
internal enum Sense
{
    [JsonStringEnumMemberName("atMost")] AtMost,
    [JsonStringEnumMemberName("atLeast")] AtLeast,
}
