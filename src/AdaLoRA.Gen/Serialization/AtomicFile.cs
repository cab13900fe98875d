using Microsoft.Win32.SafeHandles;

namespace AdaLoRA.Gen.Serialization;

/// <summary>Writes a file so that a reader never sees half of it: under a temporary name beside it, to the disk, then renamed.</summary>
internal static class AtomicFile
{
    /// <summary>Replaces <paramref name="path"/> with what <paramref name="write"/> puts into the empty file it is given. If that throws, the old file stays.</summary>
    internal static void Write(string path, Action<SafeFileHandle> write)
    {
        string temporary = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (SafeFileHandle file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None))
            {
                write(file);
                RandomAccess.FlushToDisk(file);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            if (File.Exists(temporary)) File.Delete(temporary);
        }
    }
}
