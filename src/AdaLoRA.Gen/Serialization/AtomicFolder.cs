namespace AdaLoRA.Gen.Serialization;

/// <summary>Writes a folder so that a reader never sees half of it: into a temporary one beside it, then renamed.</summary>
internal static class AtomicFolder
{
    /// <summary>Fills <paramref name="folder"/> with what <paramref name="write"/> puts into the temporary folder it is given.</summary>
    /// <remarks>
    /// A new folder appears at once. An existing one keeps the files that are not written now; the others are replaced one by one, the one named last in
    /// <paramref name="lastFile"/> at the end.
    /// </remarks>
    public static void Write(string folder, string lastFile, Action<string> write)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target)) throw new IOException($"'{folder}' is a file; name a folder to save into.");
        string parent = Path.GetDirectoryName(target) ?? throw new IOException($"'{folder}' is no folder that could be written; name one below it.");
        Directory.CreateDirectory(parent);
        string temporary = Path.Combine(parent, $".{Path.GetFileName(target)}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp");
        Directory.CreateDirectory(temporary);
        try
        {
            write(temporary);
            if (!Directory.Exists(target))
            {
                Directory.Move(temporary, target);
                return;
            }
            foreach (string file in Directory.GetFiles(temporary).OrderBy(f => Path.GetFileName(f) == lastFile))
            {
                File.Move(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
            }
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
    }
}
