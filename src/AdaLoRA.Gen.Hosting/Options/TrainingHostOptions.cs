namespace AdaLoRA.Gen.Hosting;

/// <summary>What all runs of an app share.</summary>
public sealed class TrainingHostOptions
{
    /// <summary>Whether the app stops when its last run has ended, with that run's exit code.</summary>
    /// <value>Default true.</value>
    public bool StopAppWhenDone { get; set; } = true;
}
