using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Brings the entries of a folder to the disk. Flushing a file saves its bytes; that it has its name is the folder's data, which Linux and macOS write when it suits them. Windows has no such
/// call, and NTFS journals names: there it does nothing.
/// </summary>
internal static partial class FolderSync
{
    private const int InvalidArgument = 22;
    private static readonly int s_readOnlyCloseOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;
    private static readonly int s_notSupported = OperatingSystem.IsMacOS() ? 45 : 95;

    /// <exception cref="IOException">The disk refused; what was renamed in the folder may be lost with the power.</exception>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        int descriptor = Open(folder, s_readOnlyCloseOnExec);
        // A folder that may be written but not read cannot be opened; its entries follow later.
        if (descriptor < 0) return;
        try
        {
            // Some network file systems know no flush of a folder.
            if (Fsync(descriptor) != 0 && Marshal.GetLastPInvokeError() is var error and not InvalidArgument && error != s_notSupported) throw new IOException($"'{folder}' could not be brought to the disk: {Marshal.GetPInvokeErrorMessage(error)}.");
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
