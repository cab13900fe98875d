using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Makes a folder whose name survives a loss of power.</summary>
internal static class DurableFolder
{
    /// <summary>Makes the folder and those above it that are not there, and brings the name of each new one to the disk.</summary>
    public static void Create(string folder) => Create(folder, FolderSync.Flush);

    /// <param name="folder">The folder.</param>
    /// <param name="flush">Told each folder that got a new entry, from the top down.</param>
    internal static void Create(string folder, Action<string> flush)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Directory.Exists(full)) return;
        string? parent = Path.GetDirectoryName(full);
        if (parent is not null) Create(parent, flush);
        Directory.CreateDirectory(full);
        if (parent is not null) flush(parent);
    }
}
