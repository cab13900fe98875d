using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// A run as TensorBoard's event files, <c>tensorboard/RUN/</c> in the output folder: scalars, histograms of ranks and importances, the rank map as a picture, the run's card. <c>tensorboard --logdir OUTPUT/tensorboard</c> shows it,
/// also while it trains. A resumed run goes on in the same folder with a new file.
/// </summary>
public static class TensorBoardLog
{
    /// <summary>Folder of the logs, in the output folder.</summary>
    public const string FolderName = "tensorboard";

    // Two minutes of a run that tells a hundred events a second: a disk may hesitate that long.
    private const int Capacity = 16_384;

    /// <summary>Where a run's event files lie.</summary>
    /// <param name="outputFolder">The run's output folder.</param>
    /// <param name="run">Its <see cref="RunStarted.Run"/>.</param>
    public static string FolderOf(string outputFolder, string run) => Path.Combine(outputFolder, FolderName, run);

    /// <summary>Writes a live run until it has ended. Begun before the run, it writes all of it. Training never waits for it: where the disk falls behind by more than 16,384 events, the oldest are lost.</summary>
    /// <param name="run">Waiting or training.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <returns>How many events were lost; 0 but for a disk that cannot keep up.</returns>
    /// <exception cref="AdaLoRAException">The files cannot be written. The run goes on.</exception>
    public static async Task<long> WriteAsync(TrainingRun run, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        long missed = 0;
        using var writer = new LiveWriter();
        await foreach (var e in run.ReadEventsAsync(Capacity, cancellationToken).ConfigureAwait(false))
        {
            if (e is EventsMissed { Count: var count }) missed += count;
            else writer.Write(e);
        }
        return missed;
    }

    /// <summary>Makes event files from the log of a run. The same log gives the same files, those that <see cref="WriteAsync"/> makes of the live run, one for each time that the run was started; files of these names are replaced.</summary>
    /// <param name="log">A <c>runs/*.jsonl</c>, see <see cref="RunLog"/>.</param>
    /// <param name="folder">Gets the files; made when there is none. Not one that a live run writes to.</param>
    /// <returns>Paths of the files in order.</returns>
    /// <exception cref="AdaLoRAException">The log cannot be read, no line of it tells of a start, or the files cannot be written.</exception>
    public static IReadOnlyList<string> Convert(string log, string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var files = new List<string>();
        try
        {
            using var events = RunLog.ReadEvents(log).SkipWhile(e => e is not RunStarted).GetEnumerator();
            bool more = events.MoveNext();
            if (!more) throw new AdaLoRAException($"'{log}' is not the log of a run: no line of it tells of a start.");
            Directory.CreateDirectory(folder);
            while (more)
            {
                var started = (RunStarted)events.Current;
                string path = Path.Combine(folder, EventFile.Name(started.Time, started.ProcessId, files.Count > 0 ? Path.GetFileName(files[^1]) : null));
                AtomicFile.Write(path, file =>
                {
                    var writer = new EventWriter(new EventFile(file), started);
                    while ((more = events.MoveNext()) && events.Current is not RunStarted) writer.Write(events.Current);
                });
                files.Add(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AdaLoRAException($"The run log '{log}' cannot be converted into '{folder}': {e.Message}", e);
        }
        return files;
    }
}
