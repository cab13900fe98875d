using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The runs of one host: the last to end stops the app, and a failure of one is the app's.</summary>
internal sealed class TrainingGroup(IHostApplicationLifetime? lifetime = null, IOptions<TrainingHostOptions>? options = null)
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
        bool isLast;
        lock (_gate)
        {
            if (_exitCode == 0 || exitCode == 1) _exitCode = exitCode;
            Environment.ExitCode = _exitCode;
            isLast = --_running == 0;
        }
        if (isLast && options?.Value.StopAppWhenDone != false) lifetime?.StopApplication();
        return isLast;
    }
}
