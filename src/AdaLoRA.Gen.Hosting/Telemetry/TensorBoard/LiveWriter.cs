using Microsoft.Win32.SafeHandles;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Opens a new event file at the start of a run and writes its events there.</summary>
internal sealed class LiveWriter : IDisposable
{
    private SafeFileHandle? _file;
    private EventWriter? _writer;

    public void Write(TrainingEvent e)
    {
        try
        {
            if (e is RunStarted started) Open(started);
            else _writer?.Write(e);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new AdaLoRAException($"TensorBoard's event files cannot be written and end here: {failure.Message}", failure);
        }
    }

    public void Dispose() => _file?.Dispose();

    private void Open(RunStarted started)
    {
        _file?.Dispose();
        string folder = TensorBoardLog.FolderOf(started.OutputFolder, started.Run);
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, EventFile.Name(started.Time, started.ProcessId, EventFile.Newest(folder)));
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete);
        _writer = new EventWriter(new EventFile(_file), started);
    }
}
