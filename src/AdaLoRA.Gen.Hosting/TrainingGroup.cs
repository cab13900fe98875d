namespace AdaLoRA.Gen.Hosting;

/// <summary>The training services of one host: the last to end stops the app, and a failure of one is the app's.</summary>
internal sealed class TrainingGroup
{
    private readonly Lock _gate = new();
    private int _running;
    private int _exitCode;

    public void Join()
    {
        lock (_gate) _running++;
    }

    /// <summary>Sets the process's exit code: a failure (1) outweighs an interruption (130), which outweighs success.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool Leave(int exitCode)
    {
        lock (_gate)
        {
            if (_exitCode == 0 || exitCode == 1) _exitCode = exitCode;
            Environment.ExitCode = _exitCode;
            return --_running == 0;
        }
    }
}
