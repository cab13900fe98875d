using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>What a resumed run's log tells of the time before: the process that goes on knows its own events only. The log is read once.</summary>
internal sealed class EarlierEvents
{
    private RunStarted? _of;
    private IReadOnlyList<TrainingEvent> _events = [];

    /// <summary>All that holds of a run, in order; what earlier processes told bears the number 0.</summary>
    /// <param name="own">What this process told.</param>
    public IReadOnlyList<TrainingEvent> Before(IReadOnlyList<TrainingEvent> own)
    {
        var started = own.OfType<RunStarted>().FirstOrDefault();
        if (started?.ResumedFrom is null) return own;
        if (_of != started) (_of, _events) = (started, Read(started));
        if (_events.Count == 0) return own;
        // The history knows what a start withdraws.
        var all = new RunHistory();
        foreach (var e in _events) all.Add(e);
        foreach (var e in own) all.Add(e);
        return all.Events;
    }

    private static List<TrainingEvent> Read(RunStarted started)
    {
        var events = new List<TrainingEvent>();
        try
        {
            using var reader = RunFile.Open(RunLog.PathOf(started.OutputFolder, started.Run));
            while (reader.ReadLine() is { } line)
            {
                if (RunLog.Parse(line) is not { } e) continue;
                if (e is RunStarted s && s.ProcessId == started.ProcessId && s.Time == started.Time) break;
                events.Add(e with { Number = 0 });
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A run without a log shows what this process knows.
        }
        return events;
    }
}
