using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>
/// Reads <c>runs/*.jsonl</c>. Events are numbered by their place in the file: a resumed run goes on in the same file, and its process counts from 1 again. What is not an event that this version knows, or cut short, is passed over.
/// </summary>
internal static class RunFile
{
    private const string LossLine = "{\"type\":\"loss\"";
    private const string RanksLine = "{\"type\":\"ranks\"";

    /// <summary>All that is kept of a run.</summary>
    /// <exception cref="AdaLoRAException">No line of it tells of a start.</exception>
    public static (RunHistory History, long Number) Read(string path)
    {
        var history = new RunHistory();
        long number = 0;
        using var reader = Open(path);
        while (reader.ReadLine() is { } line)
        {
            if (RunLog.Parse(line) is { } e) history.Add(e with { Number = ++number });
        }
        return history.Started is null ? throw NotARun() : (history, number);
    }

    /// <summary>What a list tells of a run. Of readings, nearly all lines, only the last is parsed.</summary>
    /// <exception cref="AdaLoRAException">No line of it tells of a start.</exception>
    public static RunDigest Skim(string path)
    {
        var digest = new RunDigest();
        string? loss = null, ranks = null;
        using var reader = Open(path);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith(LossLine, StringComparison.Ordinal) && line.EndsWith('}')) loss = line;
            else if (line.StartsWith(RanksLine, StringComparison.Ordinal) && line.EndsWith('}')) ranks = line;
            else if (RunLog.Parse(line) is { } e)
            {
                AddReadings();
                digest.Add(e);
            }
        }
        AddReadings();
        return digest.Started is null ? throw NotARun() : digest;

        void AddReadings()
        {
            foreach (string? reading in (string?[])[ranks, loss])
            {
                if (reading is not null && RunLog.Parse(reading) is { } e) digest.Add(e);
            }
            (loss, ranks) = (null, null);
        }
    }

    /// <summary>Opens a file that may be written to, or deleted, meanwhile.</summary>
    public static StreamReader Open(string path) => new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));

    private static AdaLoRAException NotARun() => new("no line of it tells of a start.");
}
