using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Runs;

/// <summary>Reads the logs of runs (<c>runs/*.jsonl</c>).</summary>
internal static class RunReader
{
    /// <summary>The runs below a folder, or the one of a file.</summary>
    /// <param name="path">An output folder, a folder that holds several, or a log.</param>
    /// <param name="terminal">Shows progress.</param>
    /// <param name="quiet">Shows none.</param>
    /// <param name="stop">Ends the reading.</param>
    /// <exception cref="AdaLoRAException">There is nothing there, or no run.</exception>
    public static RunsReport Read(string path, Terminal terminal, bool quiet, CancellationToken stop)
    {
        var (runs, skipped) = (new List<RunLine>(), new List<string>());
        var logs = Logs(path);
        using var progress = new Progress(terminal, "Read the logs:", logs.Sum(Length), quiet);
        long done = 0;
        foreach (string log in logs)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                runs.Add(Line(RunHistory.Read(log), log));
            }
            catch (AdaLoRAException e) when (logs.Count > 1)
            {
                skipped.Add(e.Message);
            }
            progress.Report(done += Length(log));
        }
        return new RunsReport("adalora.runs/1", path, runs, skipped);
    }

    private static IReadOnlyList<string> Logs(string path)
    {
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) throw new AdaLoRAException($"There is no file or folder '{path}'.");
        return RunLog.Find(path) is { Count: > 0 } found ? found : throw new AdaLoRAException($"No run has left its log below '{path}'; logs are {RunLog.FolderName}/*.jsonl in a run's output folder.");
    }

    private static long Length(string log) => new FileInfo(log) is { Exists: true } file ? file.Length : 0;

    private static RunLine Line(RunHistory history, string log)
    {
        var (started, events) = (history.Started!, history.Events);
        var evaluations = history.Of<EvaluationRead>();
        var shown = evaluations.LastOrDefault(e => e.IsBest) ?? Last(evaluations);
        int initial = started.Targets.Sum(t => t.InitialRank);
        return new RunLine(
            started.Run, started.Name, started.Model, RunProcess.StateOf(started, history.Ended).ToString(), history.Ended?.Reason, events[0].Time, history.LastTime!.Value, events[^1].Step, started.TotalSteps,
            Last(history.Of<LossRead>())?.Loss, shown?.Metric, shown?.Value, Last(history.Of<RanksRead>())?.Ranks.Sum() ?? initial, initial, started.OutputFolder, log);
    }

    private static T? Last<T>(IReadOnlyList<T> list) where T : class => list is [.., var last] ? last : null;
}
