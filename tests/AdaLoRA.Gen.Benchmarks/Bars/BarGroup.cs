using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>Bars that one measurement serves. A new one is a class and a line in <see cref="BarGroups"/>.</summary>
internal abstract class BarGroup
{
    /// <summary>What <c>--filter</c> finds and the progress names; without spaces.</summary>
    public abstract string Name { get; }

    /// <summary>The bars' names, each starting with <see cref="Name"/>; empty for a part of the study that has figures only.</summary>
    public virtual IReadOnlyList<string> Bars => [];

    /// <summary>Whether <c>--quick</c> runs it.</summary>
    public virtual bool InQuick => true;

    /// <summary>What it takes under <c>--quick</c> on two calm cores: the groups share what is left of the five minutes by it.</summary>
    public virtual double QuickSeconds => 10;

    /// <summary>Whether its figures suffer from another process beside it. Groups without times run side by side, first.</summary>
    public virtual bool IsTimed => true;

    /// <summary>Whether it runs on a device other than the CPU.</summary>
    public virtual bool RunsOnDevice => false;

    /// <summary>What it measures in processes of their own.</summary>
    public virtual IEnumerable<Worker> Workers => [];

    /// <summary>Measures and judges.</summary>
    /// <exception cref="WorkerException">A process failed; every bar of the group fails with its message.</exception>
    public abstract GroupResult Run(RunOptions options);

    /// <summary>The bar "<see cref="Name"/> what".</summary>
    protected string Bar(string what) => $"{Name} {what}";
}

/// <summary>What a run was asked for.</summary>
/// <param name="Quick">Less time for each measurement.</param>
/// <param name="Rounds">Exactly so many rounds of each timing, whatever the time.</param>
/// <param name="Device">cpu or cuda.</param>
/// <param name="Filter">Only bars and groups whose name contains it.</param>
internal sealed record RunOptions(bool Quick, int? Rounds, string Device, string Filter)
{
    /// <summary>Part of its time that a measurement gets: below 1 where a slow machine has used up time that was planned for what follows.</summary>
    public double Pace { get; init; } = 1;

    /// <summary>How long to measure.</summary>
    /// <param name="warmup">Rounds that are thrown away.</param>
    /// <param name="quick">Seconds under <c>--quick</c>.</param>
    /// <param name="full">Seconds without.</param>
    /// <param name="atLeast">Rounds even when the time is up before; fewer where time is short.</param>
    public Effort Effort(int warmup, double quick, double full, int atLeast) => Quick
        ? new Effort(warmup, quick * Pace, Math.Max(Math.Min(atLeast, FewestRounds), (int)(atLeast * Pace)), Rounds)
        : new Effort(2 * warmup, full, 3 * atLeast, Rounds);

    // Below six there is no 95 % interval by the sign test.
    private const int FewestRounds = 6;

    public bool OnCpu => Device == "cpu";

    public bool Wants(string name) => name.Contains(Filter, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a group has anything to do: by its own name, or by that of a bar.</summary>
    public bool Wants(BarGroup group) => (group.InQuick || !Quick) && (group.RunsOnDevice || OnCpu) && (Wants(group.Name) || group.Bars.Any(Wants));
}

/// <summary>What a group found.</summary>
internal sealed record GroupResult(IReadOnlyList<Verdict> Verdicts, IReadOnlyList<Table> Tables);
