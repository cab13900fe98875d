using System.Text.Json;

namespace AdaLoRA.Gen.Hosting;

/// <summary>A run's events as a file, <c>runs/RUN.jsonl</c> in the output folder: one JSON object a line, written as they happen. A resumed run goes on in the same file.</summary>
public sealed class RunLog : IDisposable
{
    /// <summary>Folder of the logs, in the output folder.</summary>
    public const string FolderName = "runs";

    private readonly FileStream _file;

    /// <summary>Opens the log of a run; made when there is none.</summary>
    /// <param name="outputFolder">The run's output folder.</param>
    /// <param name="run">Its <see cref="RunStarted.Run"/>.</param>
    public RunLog(string outputFolder, string run)
    {
        string path = PathOf(outputFolder, run);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // Each line is handed to the system as a whole, so a killed process loses none and tears one at most.
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        EndTornLine();
    }

    /// <summary>Where a run's log lies.</summary>
    /// <param name="outputFolder">The run's output folder.</param>
    /// <param name="run">Its <see cref="RunStarted.Run"/>.</param>
    public static string PathOf(string outputFolder, string run) => Path.Combine(outputFolder, FolderName, run + ".jsonl");

    /// <summary>The logs below a folder, newest run first.</summary>
    /// <param name="folder">An output folder, or one that holds several, at any depth.</param>
    public static IReadOnlyList<string> Find(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        var everywhere = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, MaxRecursionDepth = 8 };
        return [.. Directory.EnumerateFiles(folder, "*.jsonl", everywhere)
            .Where(f => Path.GetFileName(Path.GetDirectoryName(f)) == FolderName)
            .OrderByDescending(Path.GetFileName, StringComparer.Ordinal).ThenBy(f => f, StringComparer.Ordinal)];
    }

    /// <summary>Writes one event.</summary>
    /// <param name="e">The next in order.</param>
    public void Write(TrainingEvent e)
    {
        byte[] json = ToJson(e);
        byte[] line = new byte[json.Length + 1];
        json.CopyTo(line, 0);
        line[^1] = (byte)'\n';
        _file.Write(line);
    }

    /// <summary>An event as it stands in the file, without the line's end.</summary>
    /// <param name="e">Any event.</param>
    /// <returns>UTF-8.</returns>
    public static byte[] ToJson(TrainingEvent e) => JsonSerializer.SerializeToUtf8Bytes(e, RunJson.Default.TrainingEvent);

    /// <summary>Reads one line; null when it is none of an event that this version knows.</summary>
    /// <param name="line">Without its end.</param>
    public static TrainingEvent? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, RunJson.Default.TrainingEvent);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Reads a run's file line by line. A line that is cut short (the process was killed while it wrote) or of a type that this version does not know is passed over.</summary>
    /// <param name="path">May be written to meanwhile.</param>
    /// <exception cref="IOException">The file cannot be read; also <see cref="UnauthorizedAccessException"/>.</exception>
    internal static IEnumerable<TrainingEvent> ReadEvents(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (Parse(line) is { } e) yield return e;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void EndTornLine()
    {
        long end = _file.Seek(0, SeekOrigin.End);
        if (end == 0) return;
        _file.Seek(-1, SeekOrigin.End);
        if (_file.ReadByte() != '\n') _file.WriteByte((byte)'\n');
    }
}
