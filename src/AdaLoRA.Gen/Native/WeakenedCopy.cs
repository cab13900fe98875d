using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Native;

/// <summary>The per-user cache of weakened libraries: files that hold exactly the bytes they should, whoever else writes there at the same time.</summary>
internal static class WeakenedCopy
{
    /// <summary>The cache of this user, or null when the user has no home.</summary>
    public static string? DefaultFolder()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache) || !Path.IsPathRooted(cache))
        {
            string? home = Environment.GetEnvironmentVariable("HOME");
            cache = !string.IsNullOrEmpty(home) ? Path.Combine(home, ".cache") : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        }
        return string.IsNullOrEmpty(cache) ? null : Path.Combine(cache, "AdaLoRA.Gen");
    }

    /// <summary>Names a file after its content, so that copies of different TorchSharp versions live side by side.</summary>
    public static string NameOf(ReadOnlySpan<byte> image, string library)
    {
        // FNV-1a over 64-bit words. The content is compared byte by byte before it is used, so the name need not resist an attacker,
        // and a cryptographic hash would load OpenSSL first (15 ms).
        ulong hash = 14695981039346656037;
        var words = MemoryMarshal.Cast<byte, ulong>(image);
        foreach (ulong word in words) hash = (hash ^ word) * 1099511628211;
        foreach (byte last in image[(words.Length * sizeof(ulong))..]) hash = (hash ^ last) * 1099511628211;
        return $"{hash:x16}-{library}";
    }

    /// <summary>Makes sure that the folder holds a file with exactly these bytes.</summary>
    /// <returns>Its path, or null when the folder cannot be used.</returns>
    public static string? Store(string folder, string name, ReadOnlySpan<byte> image)
    {
        string target = Path.Combine(folder, name);
        if (Holds(target, image)) return target;
        string? temporary = null;
        try
        {
            CreatePrivate(folder);
            temporary = Path.Combine(folder, $"{name}.{Guid.NewGuid():n}.tmp");
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None)) file.Write(image);
            // A rename replaces the name, not what it points to: a link is never written through, and a process that has the old file mapped keeps it.
            File.Move(temporary, target, overwrite: true);
            return target;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            DeleteQuietly(temporary);
            return Holds(target, image) ? target : null;
        }
    }

    private static bool Holds(string path, ReadOnlySpan<byte> image)
    {
        try
        {
            return new FileInfo(path) is { Exists: true } && File.ReadAllBytes(path).AsSpan().SequenceEqual(image);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void DeleteQuietly(string? path)
    {
        try
        {
            if (path is not null) File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A stray temporary file of 2 MB in a cache is not worth failing for.
        }
    }
}
