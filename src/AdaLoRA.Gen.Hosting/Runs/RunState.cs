namespace AdaLoRA.Gen.Hosting;

/// <summary>Where a run is in its life.</summary>
public enum RunState
{
    /// <summary>Made, and not started.</summary>
    Waiting,

    /// <summary>Another run of this process trains; this one comes after it.</summary>
    Queued,

    /// <summary>Reads model and data and tries one batch.</summary>
    Preparing,

    /// <summary>Takes steps.</summary>
    Training,

    /// <summary>Waits between two steps until it is told to go on.</summary>
    Paused,

    /// <summary>Was told to stop: the step under way is finished and a checkpoint written.</summary>
    Stopping,

    /// <summary>All steps are done.</summary>
    Finished,

    /// <summary>Stopped before its end; it can be resumed.</summary>
    Interrupted,

    /// <summary>An error ended it.</summary>
    Failed,
}
