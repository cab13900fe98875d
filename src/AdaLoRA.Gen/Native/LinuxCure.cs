using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace AdaLoRA.Gen.Native;

/// <summary>Everything that only Linux needs: the cure for an older libstdc++ and the environment that libgomp reads.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class LinuxCure
{
    // Only std::ios_base_library_init stands behind this version, and the library never needs it: a weak need lets Debian 12, Ubuntu 22.04 and RHEL 9 load it.
    private const string NewestVersion = NativeFiles.WeakenedVersion;

    /// <summary>
    /// Puts OMP_WAIT_POLICY=passive into the environment unless the user has set it: idle OpenMP threads then sleep instead of spinning,
    /// which on shared cores is worth a factor. Must run before libgomp is loaded, which reads it once.
    /// </summary>
    public static void LetIdleThreadsSleep()
    {
        // libc's own setenv: Environment.SetEnvironmentVariable changes .NET's copy, which libgomp never sees.
        if (!NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "setenv", out nint setenv)) return;
        fixed (byte* name = "OMP_WAIT_POLICY\0"u8, value = "passive\0"u8) ((delegate* unmanaged<byte*, byte*, int, int>)setenv)(name, value, 0);
    }

    /// <summary>Loads a weakened copy of a library whose normal load failed. Its dependencies must be in the process already: the copy lies elsewhere.</summary>
    /// <returns>The handle, or 0 when the library does not ask for the version this cure is about, so that something else is wrong.</returns>
    /// <exception cref="BadImageFormatException">The library cannot be read; the message is one sentence.</exception>
    public static nint Load(string original, string? cache, out string from)
    {
        byte[] image = File.ReadAllBytes(original);
        from = "";
        try
        {
            if (ElfVersionNeeds.Weaken(image, NewestVersion) == 0) return 0;
        }
        catch (BadImageFormatException e)
        {
            throw new BadImageFormatException($"'{original}' is damaged: {e.Message}.", e);
        }
        string library = Path.GetFileName(original);
        if (cache is not null && WeakenedCopy.Store(cache, WeakenedCopy.NameOf(image, library), image) is { } path && NativeLibrary.TryLoad(path, out nint handle))
        {
            from = path;
            return handle;
        }
        // No usable cache, or one mounted noexec.
        return FromTemporaryFile(image, library, out from) is var temporary and not 0 ? temporary : FromMemory(image, out from);
    }

    private static nint FromTemporaryFile(byte[] image, string library, out string from)
    {
        from = "";
        DirectoryInfo? folder = null;
        try
        {
            // A fresh folder that only this user can enter, not a name that somebody else could have prepared; the mapping outlives the file.
            folder = Directory.CreateTempSubdirectory("AdaLoRA.Gen-");
            string path = Path.Combine(folder.FullName, library);
            File.WriteAllBytes(path, image);
            if (!NativeLibrary.TryLoad(path, out nint handle)) return 0;
            from = "a temporary file";
            return handle;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
        finally
        {
            try
            {
                folder?.Delete(recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The library is loaded or it is not: a leftover in the temporary folder changes neither.
            }
        }
    }

    /// <summary>For a read-only file system: a file that exists in memory only.</summary>
    internal static nint FromMemory(byte[] image, out string from)
    {
        from = "";
        nint program = NativeLibrary.GetMainProgramHandle();
        if (!NativeLibrary.TryGetExport(program, "memfd_create", out nint create)) return 0;
        int descriptor;
        fixed (byte* name = "LibTorchSharp\0"u8) descriptor = ((delegate* unmanaged<byte*, uint, int>)create)(name, 1 /* close on exec */);
        if (descriptor < 0) return 0;
        using var file = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Write);
        file.Write(image);
        file.Flush();
        if (!NativeLibrary.TryLoad(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}"), out nint handle)) return 0;
        from = "memory";
        return handle;
    }
}
