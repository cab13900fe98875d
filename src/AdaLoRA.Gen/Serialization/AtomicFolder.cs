namespace AdaLoRA.Gen.Serialization;

/// <summary>Writes a folder so that a reader never sees half of it: into a temporary one beside it, then renamed.</summary>
internal static class AtomicFolder
{
    /// <summary>Fills <paramref name="folder"/> with what <paramref name="write"/> puts into the temporary folder it is given.</summary>
    /// <remarks>
    /// A new folder appears at once. In an existing one the files of <paramref name="owned"/> are replaced one by one, the last named at the end, and those of them that are not
    /// written now are removed; other files stay.
    /// </remarks>
    public static void Write(string folder, string[] owned, Action<string> write)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target)) throw new IOException($"'{folder}' is a file; name a folder to save into.");
        string parent = Path.GetDirectoryName(target) ?? throw new IOException($"'{folder}' is no folder that could be written; name one below it.");
        Directory.CreateDirectory(parent);
        // Inside a folder that is there already: it may be a mounted volume, and a rename must not leave it.
        bool exists = Directory.Exists(target);
        string temporary = Path.Combine(exists ? target : parent, $".{Path.GetFileName(target)}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp");
        Directory.CreateDirectory(temporary);
        try
        {
            write(temporary);
            FolderSync.Flush(temporary);
            if (!exists)
            {
                Directory.Move(temporary, target);
                FolderSync.Flush(parent);
                return;
            }
            foreach (string name in owned)
            {
                string written = Path.Combine(temporary, name), old = Path.Combine(target, name);
                if (File.Exists(written)) File.Move(written, old, overwrite: true);
                else File.Delete(old);
            }
            FolderSync.Flush(target);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>Removes what processes that were killed in <see cref="Write"/> left beside a folder and in it. Nobody may be writing it meanwhile.</summary>
    public static void RemoveLeftovers(string folder)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string[] places = [Path.GetDirectoryName(target) ?? target, target];
        foreach (string left in places.Where(Directory.Exists).SelectMany(p => Directory.GetDirectories(p, $".{Path.GetFileName(target)}.*.tmp"))) Directory.Delete(left, recursive: true);
    }
}
