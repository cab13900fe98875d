using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Folders;

/// <summary>Compares a tensor with the recorded one.</summary>
internal static class Difference
{
    /// <summary>A case: the largest absolute difference is within the tolerance.</summary>
    public static CaseResult Case(string name, Tensor expected, Tensor found, double tolerance, string what)
    {
        if (!expected.shape.SequenceEqual(found.shape)) return new CaseResult(name, false, double.NaN, what, $"[{string.Join(", ", found.shape)}] instead of [{string.Join(", ", expected.shape)}]");
        if (expected.numel() == 0) return new CaseResult(name, true, 0, what);
        using var difference = (expected.to(ScalarType.Float64) - found.to(ScalarType.Float64)).abs().reshape(-1);
        long index = difference.argmax().item<long>();
        double error = difference[index].item<double>();
        var place = new List<long>();
        foreach (long size in expected.shape.Reverse())
        {
            place.Insert(0, index % size);
            index /= size;
        }
        // Written this way round, a NaN fails.
        return new CaseResult(name, error <= tolerance, error, $"{what}[{string.Join(",", place)}]");
    }
}
