namespace AdaLoRA.Gen.Hosting;

/// <summary>How a run shows on the console.</summary>
public enum ProgressMode
{
    /// <summary>A live display on a terminal, plain lines when the output is redirected.</summary>
    Auto,

    /// <summary>One line every <see cref="TrainingOptions.LogEvery"/> steps.</summary>
    Plain,

    /// <summary>Nothing: the run reports through <c>ILogger</c> and observers only.</summary>
    Off,
}
