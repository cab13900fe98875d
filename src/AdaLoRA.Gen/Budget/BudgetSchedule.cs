namespace AdaLoRA.Gen.Budget;

/// <summary>
/// The global budget b(t) as a pure function of the step: full during the initial warm-up, then a cubic decrease, then constant (eq. 14 in the form that both
/// published codes use; as printed it does not start at b(0)).
/// </summary>
public sealed class BudgetSchedule
{
    /// <summary>Creates the schedule.</summary>
    /// <param name="totalSteps">T: optimizer steps of the run.</param>
    /// <param name="initialBudget">b(0): triplets (or the parameters in them) at the start.</param>
    /// <param name="finalBudget">b(T): what is kept at the end, in the same unit. From <paramref name="initialBudget"/> on, nothing is ever removed.</param>
    /// <param name="initialWarmup">t_i: below 1 a fraction of T (rounded to the nearest step), from 1 on whole steps.</param>
    /// <param name="finalWarmup">t_f: likewise.</param>
    /// <param name="interval">ΔT: steps between two allocations.</param>
    /// <exception cref="AdaLoRAException">The two warm-ups leave no step for the budgeting phase, or a value is out of range.</exception>
    public BudgetSchedule(int totalSteps, long initialBudget, long finalBudget, double initialWarmup, double finalWarmup, int interval)
    {
        if (totalSteps < 1) throw new AdaLoRAException($"totalSteps is {totalSteps}; a run has at least 1 step.");
        if (interval < 1) throw new AdaLoRAException($"Interval is {interval}; it must be at least 1 step.");
        TotalSteps = totalSteps;
        InitialBudget = initialBudget;
        FinalBudget = Math.Min(finalBudget, initialBudget);
        InitialWarmupSteps = ToSteps(initialWarmup, totalSteps);
        FinalWarmupSteps = ToSteps(finalWarmup, totalSteps);
        Interval = interval;
        if ((long)InitialWarmupSteps + FinalWarmupSteps >= totalSteps)
        {
            throw new AdaLoRAException(
                $"With totalSteps {totalSteps}, an initial warm-up of {InitialWarmupSteps} and a final one of {FinalWarmupSteps} (in steps) leave no budgeting phase; shorten the warm-ups or train longer.");
        }
    }

    /// <summary>T.</summary>
    public int TotalSteps { get; }

    /// <summary>b(0), in triplets or parameters.</summary>
    public long InitialBudget { get; }

    /// <summary>b(T), likewise.</summary>
    public long FinalBudget { get; }

    /// <summary>t_i in steps.</summary>
    public int InitialWarmupSteps { get; }

    /// <summary>t_f in steps.</summary>
    public int FinalWarmupSteps { get; }

    /// <summary>ΔT in steps.</summary>
    public int Interval { get; }

    /// <summary>T − t_f: the step of the decisive ranking, after which the pattern is fixed.</summary>
    public int DecisiveStep => TotalSteps - FinalWarmupSteps;

    /// <summary>b(t): triplets (or parameters) that may live after step <paramref name="step"/>.</summary>
    /// <param name="step">Completed optimizer steps, from 1.</param>
    public long BudgetAt(int step)
    {
        if (step <= InitialWarmupSteps) return InitialBudget;
        if (step >= DecisiveStep) return FinalBudget;
        double left = 1 - (double)(step - InitialWarmupSteps) / (DecisiveStep - InitialWarmupSteps);
        return (long)((InitialBudget - FinalBudget) * left * left * left + FinalBudget);
    }

    /// <summary>Whether step <paramref name="step"/> ranks the triplets: every Interval steps of the budgeting phase, and always at T − t_f.</summary>
    public bool IsAllocationStep(int step) => step == DecisiveStep || (step > InitialWarmupSteps && step < DecisiveStep && step % Interval == 0);

    /// <summary>Whether the pattern is already fixed at step <paramref name="step"/>.</summary>
    public bool IsFinalPhase(int step) => step > DecisiveStep;

    private static int ToSteps(double duration, int totalSteps) =>
        duration < 1 ? (int)Math.Round(duration * totalSteps, MidpointRounding.AwayFromZero) : (int)duration;
}
