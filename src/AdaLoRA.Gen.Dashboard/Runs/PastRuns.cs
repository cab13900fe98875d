using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>A run's file.</summary>
/// <param name="Path">Full path.</param>
/// <param name="Id">In URLs.</param>
/// <param name="Version">Changes with the file.</param>
/// <param name="Digest">What it tells.</param>
internal sealed record PastRun(string Path, string Id, (long Length, DateTime Written) Version, RunDigest Digest)
{
    /// <summary>Without an end the process is at it still, on this machine, or it died.</summary>
    public RunState State => RunProcess.StateOf(Digest.Started!, Digest.Ended);

    /// <summary>Whether the file is still written to.</summary>
    public bool IsGrowing => Digest.Ended is null && State == RunState.Training;

    public RunSummary Summary => SummaryIn(State);

    /// <summary>What a list tells of it.</summary>
    /// <param name="state">From <see cref="State"/>.</param>
    public RunSummary SummaryIn(RunState state) => Digest.Summary(Id, Digest.Started!.Name, Digest.Started.Model, state.ToString(), live: false);
}

/// <summary>
/// The runs whose files lie in the dashboard's folders. A file is read when it is first listed, and again only when its length or time has changed. An id is looked up among the files found; it never becomes a path.
/// </summary>
internal sealed class PastRuns(Func<IEnumerable<string>> folders, int most, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Dictionary<string, Known> _known = [];
    private List<PastRun> _runs = [];
    private List<string> _skipped = [];
    private long? _looked;

    /// <summary>All of them, newest first, and a sentence for each file that is none.</summary>
    public (IReadOnlyList<PastRun> Runs, IReadOnlyList<string> Skipped) List()
    {
        lock (_gate)
        {
            if (_looked is null || time.GetElapsedTime(_looked.Value) >= BetweenLooks)
            {
                Look();
                _looked = time.GetTimestamp();
            }
            return (_runs, _skipped);
        }
    }

    /// <summary>The run of an id; also by the id that it has beside a namesake.</summary>
    public PastRun? Find(string id)
    {
        var runs = List().Runs;
        return runs.FirstOrDefault(r => r.Id == id) ?? runs.FirstOrDefault(r => Unique(r.Path) == id);
    }

    private void Look()
    {
        var known = new Dictionary<string, Known>();
        var runs = new List<PastRun>();
        var skipped = new List<string>();
        var paths = folders().SelectMany(Files).Distinct(StringComparer.Ordinal)
            .OrderByDescending(System.IO.Path.GetFileName, StringComparer.Ordinal).ThenBy(p => p, StringComparer.Ordinal).Take(most).ToList();
        var names = paths.GroupBy(Name).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        foreach (string path in paths)
        {
            if (Version(path) is not { } version) continue;
            if (!_known.TryGetValue(path, out var file) || file.Version != version) file = Skim(path, version);
            known[path] = file;
            if (file.Digest is { } digest) runs.Add(new PastRun(path, names.Contains(Name(path)) ? Unique(path) : Name(path), version, digest));
            else skipped.Add($"{path}: {file.Reason}");
        }
        (_known, _runs, _skipped) = (known, runs, skipped);
    }

    private Known Skim(string path, (long, DateTime) version)
    {
        try
        {
            return new Known(version, RunFile.Skim(path), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or AdaLoRAException)
        {
            // Once for each state of the file.
            Log.LogSkipped(logger, path, e.Message);
            return new Known(version, null, e.Message);
        }
    }

    private static IEnumerable<string> Files(string folder)
    {
        try
        {
            return RunLog.Find(System.IO.Path.GetFullPath(folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static (long, DateTime)? Version(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? (file.Length, file.LastWriteTimeUtc) : null;
    }

    private static string Name(string path) => Slug.Of(System.IO.Path.GetFileNameWithoutExtension(path));

    private static string Unique(string path) => $"{Name(path)}-{Slug.Hash(path)}";

    private sealed record Known((long, DateTime) Version, RunDigest? Digest, string? Reason);
}
