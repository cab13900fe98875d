using System.Diagnostics;
using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Budget;

namespace AdaLoRA.Gen.Benchmarks.Launches;

/// <summary>What an allocation of 864 triplets at row lengths 768 and 3,072 adds to a step of a tail.</summary>
/// <param name="Ms">Step that allocates less the mean of its neighbours, which do not.</param>
/// <param name="ManagedBytes">Garbage, likewise.</param>
internal sealed record AllocationCost(double[] Ms, long ManagedBytes)
{
    /// <param name="rounds">Allocations.</param>
    /// <param name="create">The tail.</param>
    public static AllocationCost Of(int rounds, Func<AdapterArena, TrainingState, TrainableParameters, Ranking, IArenaTail> create)
    {
        using var rig = new TailRig(72, 768, create);
        var plain = Take(null);
        double[] ms = new double[rounds], bytes = new double[rounds];
        // As many again before that, until the code is compiled to its last tier.
        for (int i = -rounds; i < rounds; i++)
        {
            // The budget falls and rises, so that masks change.
            var allocating = Take(i % 2 == 0 ? 288 : 576);
            var next = Take(null);
            if (i >= 0) (ms[i], bytes[i]) = (allocating.Ms - (plain.Ms + next.Ms) / 2, allocating.Bytes - (plain.Bytes + next.Bytes) / 2.0);
            plain = next;
        }
        Array.Sort(bytes);
        return new AllocationCost(ms, (long)bytes[rounds / 2]);

        (double Ms, long Bytes) Take(long? allocateTo)
        {
            rig.Backward();
            long allocated = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
            rig.Step(allocateTo);
            return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, GC.GetAllocatedBytesForCurrentThread() - allocated);
        }
    }
}
