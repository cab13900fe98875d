using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Conformance;

/// <summary>What one case came to.</summary>
/// <param name="Name">The case; the same from run to run.</param>
/// <param name="Ok">Whether it holds.</param>
/// <param name="LargestError">The largest difference found, in the unit that the subcommand's page names; where a case fails, the difference at <paramref name="At"/>.</param>
/// <param name="At">Where that was: the tensor, step or input; of a failing case the first place that fails. Empty when there is no place.</param>
/// <param name="Detail">What else there is to say, one line; empty for nothing.</param>
internal sealed record CaseResult(string Name, bool Ok, double LargestError, string At, string Detail = "")
{
    /// <summary>Nothing could be checked, since what the case needs is not built here; it does not fail.</summary>
    public bool Unsupported { get; init; }

    /// <summary>Whether an exception says something of the case at hand, so that the other cases go on: the library's own, libtorch's, and those of JSON of another shape.</summary>
    public static bool IsOfTheCase(Exception e) => e is AdaLoRAException or IOException or ExternalException or InvalidOperationException or ArgumentException or FormatException or OverflowException or IndexOutOfRangeException or KeyNotFoundException;

    /// <summary>The first line of what an exception says; libtorch adds a page of trace.</summary>
    public static string Sentence(Exception e) => e.Message.Split('\n')[0];
}
