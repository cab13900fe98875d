namespace AdaLoRA.Gen.Hosting;

/// <summary>Who writes where: two runs of an app must not share a folder.</summary>
internal sealed class OutputFolders
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _folderOf = [];

    /// <summary>Notes a run's folder.</summary>
    /// <returns>Another run that writes there; null when there is none.</returns>
    public string? Claim(string run, string folder)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        lock (_gate)
        {
            _folderOf[run] = full;
            return _folderOf.FirstOrDefault(f => f.Key != run && f.Value == full).Key;
        }
    }
}
