namespace AdaLoRA.Gen.Hosting;

/// <summary>Lets one run of the process train at a time.</summary>
internal static class TrainingGate
{
    public static Lock OneAtATime { get; } = new();
}
