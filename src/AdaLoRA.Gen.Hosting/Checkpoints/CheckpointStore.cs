using System.Globalization;
using System.Text.Json;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// The checkpoints of one output folder: <c>checkpoints/step-N</c>, each made under a temporary name and renamed, so whatever bears the name is complete. The newest two are kept.
/// </summary>
internal sealed class CheckpointStore(string outputFolder)
{
    private const int Kept = 2;
    private const string StateFile = "state.json";
    private const string Prefix = "step-";
    private const string TemporaryMark = ".tmp-";

    private readonly string _folder = Path.Combine(outputFolder, "checkpoints");

    /// <summary>The newest checkpoint; null when there is none.</summary>
    public (string Folder, CheckpointState State)? Newest() => All().Select(c => ((string, CheckpointState)?)(c.Folder, Read(c.Folder))).LastOrDefault();

    /// <summary>Removes what a killed process left half-written.</summary>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(_folder)) return;
        foreach (string leftover in Directory.GetDirectories(_folder, TemporaryMark + "*")) Directory.Delete(leftover, recursive: true);
    }

    /// <summary>Removes all checkpoints: a fresh run must not be resumed from those of the run before it.</summary>
    public void Clear()
    {
        foreach (var (folder, _) in All()) Directory.Delete(folder, recursive: true);
    }

    /// <summary>Writes one checkpoint and drops those older than the two newest.</summary>
    /// <returns>Its folder.</returns>
    public string Save(AdaLoRAOptimizer optimizer, CheckpointState state)
    {
        string target = Path.Combine(_folder, Prefix + state.Step.ToString(CultureInfo.InvariantCulture));
        string temporary = Path.Combine(_folder, TemporaryMark + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(temporary);
        try
        {
            optimizer.SaveState(temporary);
            using (var stream = new FileStream(Path.Combine(temporary, StateFile), FileMode.CreateNew))
            {
                JsonSerializer.Serialize(stream, state, HostingJson.Default.CheckpointState);
                stream.Flush(flushToDisk: true);
            }
            if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
            Directory.Move(temporary, target);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
        foreach (var (folder, _) in All().SkipLast(Kept)) Directory.Delete(folder, recursive: true);
        return target;
    }

    private List<(string Folder, int Step)> All()
    {
        if (!Directory.Exists(_folder)) return [];
        return [.. Directory.GetDirectories(_folder, Prefix + "*")
            .Select(f => (Folder: f, Step: int.TryParse(Path.GetFileName(f).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1))
            .Where(c => c.Step >= 0)
            .OrderBy(c => c.Step)];
    }

    private static CheckpointState Read(string folder)
    {
        string path = Path.Combine(folder, StateFile);
        try
        {
            using var stream = File.OpenRead(path);
            var state = JsonSerializer.Deserialize(stream, HostingJson.Default.CheckpointState);
            if (state is { Format: CheckpointState.CurrentFormat, Step: >= 0 }) return state;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new AdaLoRAException($"The checkpoint '{folder}' cannot be read: {e.Message} Delete it to go on from the one before.", e);
        }
        throw new AdaLoRAException($"The checkpoint '{folder}' is not of format {CheckpointState.CurrentFormat}; resume it with the version that wrote it, or delete it.");
    }
}
