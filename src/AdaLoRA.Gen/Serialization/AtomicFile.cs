using Microsoft.Win32.SafeHandles;

namespace AdaLoRA.Gen.Serialization;

/// <summary>Writes a file so that a reader never sees half of it: under a temporary name beside it, to the disk, then renamed.</summary>
internal static class AtomicFile
{
    /// <summary>Replaces <paramref name="path"/> with what <paramref name="write"/> puts into the empty file it is given. If that throws, the old file stays.</summary>
    internal static void Write(string path, Action<SafeFileHandle> write)
    {
        string folder = Folder(path);
        string temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (SafeFileHandle file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None))
            {
                write(file);
                RandomAccess.FlushToDisk(file);
            }
            File.Move(temporary, path, overwrite: true);
            FolderSync.Flush(folder);
        }
        finally
        {
            if (File.Exists(temporary)) File.Delete(temporary);
        }
    }

    /// <summary>Removes what processes that were killed in <see cref="Write"/> left beside a file.</summary>
    internal static void RemoveLeftovers(string path)
    {
        if (!Directory.Exists(Folder(path))) return;
        foreach (string left in Directory.GetFiles(Folder(path), $".{Path.GetFileName(path)}.*.tmp")) File.Delete(left);
    }

    private static string Folder(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;
}
