namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>Finds a browser of Chromium's kind on this machine, so that none is downloaded where there is one.</summary>
/// <param name="variable">Reads an environment variable.</param>
/// <param name="exists">Whether a file is there.</param>
/// <param name="works">Whether a program starts; a package may leave a script that only says what else to install.</param>
internal sealed class BrowserFinder(Func<string, string?> variable, Func<string, bool> exists, Func<string, bool> works)
{
    /// <summary>The variable that names a browser; it wins over all else.</summary>
    public const string Variable = "CHROMIUM";

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge", "microsoft-edge-stable"];

    private static readonly string[] Elsewhere =
    [
        "/usr/bin/chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ];

    /// <summary>Full path of the first one that works; null when there is none.</summary>
    /// <param name="own">Where Playwright would put its own.</param>
    /// <exception cref="InvalidOperationException"><see cref="Variable"/> names a file that is not there or does not start.</exception>
    public string? Find(string own)
    {
        if (variable(Variable) is { Length: > 0 } named)
        {
            return exists(named) && works(named) ? named : throw new InvalidOperationException($"{Variable} is '{named}', which is no browser that starts; name the program's full path, or leave the variable unset.");
        }
        return Candidates(own).FirstOrDefault(path => exists(path) && works(path));
    }

    private IEnumerable<string> Candidates(string own)
    {
        foreach (string folder in (variable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            foreach (string name in Names) yield return Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name);
        }
        foreach (string path in Elsewhere) yield return path;
        foreach (string root in new[] { "ProgramFiles", "ProgramFiles(x86)", "LocalAppData" })
        {
            if (variable(root) is not { Length: > 0 } folder) continue;
            yield return Path.Combine(folder, "Google", "Chrome", "Application", "chrome.exe");
            yield return Path.Combine(folder, "Microsoft", "Edge", "Application", "msedge.exe");
        }
        yield return own;
    }
}
