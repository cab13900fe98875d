namespace AdaLoRA.Gen.Tool.Files;

/// <summary>A folder or file that is written as a whole: what is there is replaced when the new one is complete, and only when that was asked for.</summary>
internal static class OutputPlace
{
    /// <summary>Refuses a place that is taken.</summary>
    /// <param name="path">Where the output goes.</param>
    /// <param name="force">Whether it may be replaced.</param>
    /// <param name="sources">What is read meanwhile; an output must not be one of them, or hold one.</param>
    public static void Check(string path, bool force, params string[] sources)
    {
        string target = Whole(path);
        string? source = Array.Find(sources, s => Whole(s) == target || Whole(s).StartsWith(target + Path.DirectorySeparatorChar, StringComparison.Ordinal));
        if (source is not null) throw new AdaLoRAException($"'{path}' is, or holds, '{source}', which is read while it is written; name another output.");
        bool taken = File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any());
        if (taken && !force) throw new AdaLoRAException($"'{path}' is there already; name another output, or replace it with --force.");
    }

    /// <summary>Writes a folder; one that is there is exchanged for the new one when that is complete.</summary>
    /// <param name="path">Where it goes.</param>
    /// <param name="write">Makes the folder of the name it is given, as a whole or not at all.</param>
    public static void WriteFolder(string path, Action<string> write)
    {
        string target = Whole(path), mark = $".{Path.GetFileName(target)}.{Environment.ProcessId}-{Guid.NewGuid():N}";
        string parent = Path.GetDirectoryName(target) ?? throw new AdaLoRAException($"'{path}' is no folder that could be written; name one below it.");
        Directory.CreateDirectory(parent);
        if (!File.Exists(target) && !(Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
        {
            // Whoever writes a folder here writes it under a temporary name first.
            write(target);
            return;
        }
        string made = Path.Combine(parent, mark + ".new.tmp"), old = Path.Combine(parent, mark + ".old.tmp");
        try
        {
            write(made);
            bool taken = Directory.Exists(target);
            if (File.Exists(target)) File.Delete(target);
            if (taken) Directory.Move(target, old);
            try
            {
                Directory.Move(made, target);
            }
            catch when (taken)
            {
                Directory.Move(old, target);
                throw;
            }
            Serialization.FolderSync.Flush(parent);
        }
        finally
        {
            if (Directory.Exists(made)) Directory.Delete(made, recursive: true);
            if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
        }
    }

    private static string Whole(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
}
