namespace AdaLoRA.Gen.Adapters;

/// <summary>The phases of the run that trained a set, in steps: PEFT's total_step, tinit and tfinal. A set that was never trained counts one step, as PEFT wants at least that.</summary>
internal sealed record TrainingPhases(int TotalSteps, int InitialWarmup, int FinalWarmup)
{
    public static TrainingPhases None { get; } = new(1, 0, 0);
}
