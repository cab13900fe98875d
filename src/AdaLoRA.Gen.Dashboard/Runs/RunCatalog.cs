using System.Collections.Concurrent;
using System.Text.Json;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>A run of this process.</summary>
/// <param name="Id">In URLs.</param>
/// <param name="Run">The run.</param>
internal sealed record LiveRun(string Id, TrainingRun Run)
{
    /// <summary>Used by one caller at a time, the one that makes the snapshot.</summary>
    public EarlierEvents Earlier { get; } = new();

    public RunSummary Summary(IReadOnlyList<TrainingEvent> events)
    {
        var digest = new RunDigest();
        foreach (var e in events) digest.Add(e);
        return digest.Summary(Id, Run.Name, Run.Model, Run.State.ToString(), !Run.HasEnded);
    }
}

/// <summary>All runs that the dashboard shows: those of the app, and those whose files it finds.</summary>
internal sealed class RunCatalog : IDisposable
{
    // Pages read on from the stream at the number that the snapshot ends with, so its age costs nobody anything.
    private static readonly TimeSpan SnapshotLife = TimeSpan.FromMilliseconds(250);

    // Of past runs the last few that were looked at stay in memory.
    private const int MostKept = 8;

    private readonly TimeProvider _time;
    private readonly LiveRun[] _live;
    private readonly PastRuns _past;
    private readonly Snapshot _list;
    private readonly ConcurrentDictionary<string, Snapshot> _snapshots = new();
    private readonly ConcurrentDictionary<string, ((long, DateTime) Version, RunState State, long Used, Content Content)> _kept = new();

    public RunCatalog(IServiceProvider services, IOptions<DashboardOptions> options, ILogger<RunCatalog> logger, TimeProvider time)
    {
        _time = time;
        TrainingRun[] registered = [.. services.GetService<TrainingRuns>() ?? Enumerable.Empty<TrainingRun>()];
        _live = Name([.. registered.Concat(services.GetServices<TrainingRun>()).Distinct()]);
        var o = options.Value;
        _past = new PastRuns(() => o.LogFolders.Count > 0 ? o.LogFolders : OutputFolders(services, registered), o.MaxPastRuns, logger, time);
        _list = new Snapshot(WriteList, SnapshotLife, time);
    }

    /// <summary><c>GET api/runs</c>.</summary>
    public ValueTask<Content> ListAsync(CancellationToken cancellationToken) => _list.GetAsync(cancellationToken);

    /// <summary>The run of this process with an id.</summary>
    public LiveRun? FindLive(string id) => Array.Find(_live, r => r.Id == id);

    /// <summary>The run of a file with an id.</summary>
    public PastRun? FindPast(string id) => _past.Find(id);

    /// <summary><c>GET api/runs/{id}</c>; null when there is none.</summary>
    public async ValueTask<Content?> RunAsync(string id, CancellationToken cancellationToken)
    {
        if (FindLive(id) is { } live)
        {
            return await _snapshots.GetOrAdd(live.Id, _ => new Snapshot(() => Write(live), SnapshotLife, _time)).GetAsync(cancellationToken);
        }
        return FindPast(id) is { } past ? Read(past) : null;
    }

    public void Dispose()
    {
        _list.Dispose();
        foreach (var s in _snapshots.Values) s.Dispose();
    }

    private byte[] WriteList()
    {
        var runs = new List<RunSummary>();
        var files = new HashSet<string>(StringComparer.Ordinal);
        foreach (var live in _live)
        {
            var summary = live.Summary(live.Run.History.Events);
            runs.Add(summary);
            if (summary is { OutputFolder: { } folder, Run: { } run }) files.Add(Path.GetFullPath(RunLog.PathOf(folder, run)));
        }
        var (past, skipped) = _past.List();
        runs.AddRange(past.Where(p => !files.Contains(p.Path)).Select(p => p.Summary));
        return JsonSerializer.SerializeToUtf8Bytes(new RunList(runs, skipped), DashboardJson.Default.RunList);
    }

    private static byte[] Write(LiveRun live)
    {
        var events = live.Run.History.Events;
        return RunJsonWriter.Write(live.Summary(events), live.Earlier.Before(events), events is [.., var last] ? last.Number : 0);
    }

    private Content? Read(PastRun past)
    {
        var state = past.State;
        if (_kept.TryGetValue(past.Path, out var kept) && kept.Version == past.Version && kept.State == state)
        {
            _kept[past.Path] = kept with { Used = _time.GetTimestamp() };
            return kept.Content;
        }
        try
        {
            var (history, number) = RunFile.Read(past.Path);
            var content = new Content(RunJsonWriter.Write(past.SummaryIn(state), history.Events, number));
            _kept[past.Path] = (past.Version, state, _time.GetTimestamp(), content);
            while (_kept.Count > MostKept) _kept.TryRemove(_kept.MinBy(k => k.Value.Used).Key, out _);
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or AdaLoRAException)
        {
            // Deleted or emptied since it was listed.
            return null;
        }
    }

    private static LiveRun[] Name(TrainingRun[] runs)
    {
        var taken = new HashSet<string>();
        return [.. runs.Select((run, i) =>
        {
            string id = "live-" + Slug.Of(run.Name);
            if (!taken.Add(id)) taken.Add(id = $"{id}-{Slug.Hash($"{run.Name} {i}")}");
            return new LiveRun(id, run);
        })];
    }

    private static IEnumerable<string> OutputFolders(IServiceProvider services, TrainingRun[] runs)
    {
        var options = services.GetService<IOptionsMonitor<TrainingOptions>>();
        foreach (var run in runs)
        {
            if ((run.History.Started?.OutputFolder ?? options?.Get(run.Name).OutputFolder) is { } folder) yield return folder;
        }
    }
}
