using System.Runtime.CompilerServices;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>Where a stream's events come from.</summary>
internal interface IEventSource
{
    /// <summary>The run, as the log names it.</summary>
    string Name { get; }

    /// <summary>Where the run is now.</summary>
    RunState State { get; }

    /// <summary>Number of the newest event.</summary>
    long LastNumber { get; }

    /// <summary>All events, and then each when it happens, until the run has ended.</summary>
    IAsyncEnumerable<TrainingEvent> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>A run of this process.</summary>
internal sealed class LiveSource(TrainingRun run) : IEventSource
{
    // The reader rests between two frames, and this many may come meanwhile: half a second at more steps a second than any model takes.
    private const int Capacity = 8192;

    public string Name => run.Name;

    public RunState State => run.State;

    public long LastNumber => run.History.Events is [.., var last] ? last.Number : 0;

    public IAsyncEnumerable<TrainingEvent> ReadAsync(CancellationToken cancellationToken) => run.ReadEventsAsync(Capacity, cancellationToken);
}

/// <summary>A run whose file is there, written by another process perhaps this moment. It is looked at twice a second, while somebody watches.</summary>
internal sealed class FileSource(RunCatalog catalog, PastRun first) : IEventSource
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    public string Name => first.Path;

    public RunState State => Now.State;

    public long LastNumber
    {
        get
        {
            try
            {
                return RunFile.Read(first.Path).Number;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or AdaLoRAException)
            {
                return 0;
            }
        }
    }

    private PastRun Now => catalog.FindPast(first.Id) ?? first;

    public async IAsyncEnumerable<TrainingEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var file = RunFile.Open(first.Path);
        var line = new System.Text.StringBuilder();
        char[] block = new char[8192];
        long number = 0;
        while (true)
        {
            bool isLastLook = !Now.IsGrowing;
            int read;
            while ((read = await file.ReadAsync(block, cancellationToken)) > 0)
            {
                for (int i = 0; i < read; i++)
                {
                    // A line whose end is not there yet waits for it.
                    if (block[i] != '\n')
                    {
                        line.Append(block[i]);
                        continue;
                    }
                    if (RunLog.Parse(line.ToString()) is { } e) yield return e with { Number = ++number };
                    line.Clear();
                }
            }
            if (isLastLook) yield break;
            await Task.Delay(BetweenLooks, cancellationToken);
        }
    }
}
