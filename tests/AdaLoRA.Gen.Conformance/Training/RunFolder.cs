using System.Globalization;

namespace AdaLoRA.Gen.Conformance.Training;

/// <summary>The output folder of a run as a stranger sees it: what lies there under which name.</summary>
internal static class RunFolder
{
    /// <summary>Folders of the adapters that a finished run leaves.</summary>
    public static IReadOnlyList<string> Adapters { get; } = ["adapter", "best"];

    /// <summary>Files of a complete checkpoint.</summary>
    public static IReadOnlyList<string> CheckpointFiles { get; } = ["state.json", "training.json", "training.safetensors", "adapter/adapter_config.json", "adapter/adapter_model.safetensors"];

    /// <summary>Steps of the checkpoints that bear their final names, ascending.</summary>
    public static IReadOnlyList<int> Checkpoints(string folder)
    {
        string checkpoints = Path.Combine(folder, "checkpoints");
        if (!Directory.Exists(checkpoints)) return [];
        return [.. Directory.GetDirectories(checkpoints, "step-*").Select(f => int.Parse(Path.GetFileName(f).AsSpan("step-".Length), CultureInfo.InvariantCulture)).Order()];
    }

    /// <summary>Step of the newest checkpoint; 0 when there is none.</summary>
    public static int Newest(string folder) => Checkpoints(folder) is { Count: > 0 } steps ? steps[^1] : 0;

    /// <summary>Folder of a checkpoint.</summary>
    public static string Checkpoint(string folder, int step) => Path.Combine(folder, "checkpoints", $"step-{step.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>What died before it got its name: hidden and temporary entries.</summary>
    public static IReadOnlyList<string> Leftovers(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)
            .Where(e => Path.GetFileName(e).StartsWith('.') || e.EndsWith(".tmp", StringComparison.Ordinal))
            .Select(e => Path.GetRelativePath(folder, e))
            .Order(StringComparer.Ordinal)];

    /// <summary>The first file of two folders that is not the same byte for byte; null when all are. Temporary entries are not looked at.</summary>
    public static string? FirstDifference(string expected, string found)
    {
        if (!Directory.Exists(found)) return "(no folder)";
        var names = Names(expected).Union(Names(found)).Order(StringComparer.Ordinal);
        return names.FirstOrDefault(name => !Same(Path.Combine(expected, name), Path.Combine(found, name)));

        static IEnumerable<string> Names(string folder) => Directory.GetFiles(folder).Select(f => Path.GetFileName(f)!).Where(n => !n.StartsWith('.'));

        static bool Same(string a, string b) => File.Exists(a) && File.Exists(b) && File.ReadAllBytes(a).AsSpan().SequenceEqual(File.ReadAllBytes(b));
    }
}
