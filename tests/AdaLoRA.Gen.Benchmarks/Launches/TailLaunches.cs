using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Launches;

/// <summary>Calls of ATen that one step of the ATen tail makes, without and with an allocation.</summary>
internal readonly record struct TailLaunches(long Step, long WithAllocation)
{
    /// <summary>Counts them. Row lengths are small: the number of calls depends on neither lengths nor adapters, and that is the claim.</summary>
    /// <param name="adapters">A multiple of six.</param>
    /// <param name="late">As on a device, where the host does not know yet whether the last step was applied.</param>
    /// <param name="fused">With libtorch's own AdamW.</param>
    /// <param name="headed">With a linear layer that is trained in full.</param>
    public static TailLaunches Of(int adapters, bool late, bool fused, bool headed = false)
    {
        using var rig = new TailRig(adapters, 16, (a, s, t, r) => new AtenTail(a, s, t, r, late, fused), headed: headed);
        long budget = rig.Triplets / 2;
        // The first steps make what is made once.
        Step(null);
        Step(budget);
        return new TailLaunches(Step(null), Step(budget));

        long Step(long? allocateTo)
        {
            rig.Backward();
            return AtenCalls.Count(() => rig.Step(allocateTo, p => late ? p with { IfLastWasSkipped = p.Point with { Step = p.Point.Step - 1, AllocateTo = null } } : p)).Launches;
        }
    }

    /// <summary>Values that libtorch read for the host in a step that allocates, by the formula; libtorch's own AdamW reads one on the CPU, which a device's does not.</summary>
    public static long ReadsOf(int adapters)
    {
        using var rig = new TailRig(adapters, 16, (a, s, t, r) => new AtenTail(a, s, t, r, late: true, fused: false));
        rig.Backward();
        rig.Step();
        rig.Backward();
        return AtenCalls.Count(() => rig.Step(rig.Triplets / 2)).Reads;
    }
}
