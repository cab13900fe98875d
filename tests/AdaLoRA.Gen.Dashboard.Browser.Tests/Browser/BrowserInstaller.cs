namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>
/// Gets a browser where there is none: Debian's package where this process may install one, else what Playwright downloads. One process installs at a time; who waited looks again first.
/// </summary>
/// <param name="find">Looks for a browser.</param>
/// <param name="hasPackages">Whether this is a Debian (not Ubuntu, whose package is a stub for another store) and this process is root.</param>
/// <param name="run">Runs a program with its arguments; null when it ended well, else the end of what it said.</param>
/// <param name="download">Lets Playwright download its own; null when it ended well, else why not.</param>
/// <param name="tell">Told what happens.</param>
internal sealed class BrowserInstaller(Func<string?> find, bool hasPackages, Func<string, string[], string?> run, Func<string?> download, Action<string> tell)
{
    /// <summary>The browser, after getting one if need be.</summary>
    /// <param name="lockFile">Held while installing.</param>
    /// <exception cref="InvalidOperationException">There is none, and none could be got.</exception>
    public string Ensure(string lockFile)
    {
        if (find() is { } there) return there;
        using var turn = WaitFor(lockFile);
        if (find() is { } meanwhile) return meanwhile;
        var reasons = new List<string>();
        if (hasPackages && Try("Installing Debian's chromium (about 100 MB)", InstallPackage, reasons) is { } packaged) return packaged;
        if (Try("Downloading Playwright's Chromium (about 150 MB)", download, reasons) is { } own) return own;
        throw new InvalidOperationException(
            $"The browser tests found no Chromium, Chrome or Edge and could not get one. {string.Join(" ", reasons)} Install one of them, or set {BrowserFinder.Variable} to the path of its program.");
    }

    private string? Try(string what, Func<string?> get, List<string> reasons)
    {
        tell($"{what}: no browser was found on this machine.");
        string? failure = get();
        if (failure is null && find() is { } found)
        {
            tell($"Got {found}.");
            return found;
        }
        reasons.Add($"{what} failed: {(failure ?? "it ended well, but no browser that starts is there").TrimEnd('.')}.");
        tell(reasons[^1]);
        return null;
    }

    private string? InstallPackage() => run("apt-get", ["update"]) ?? run("apt-get", ["install", "-y", "--no-install-recommends", "chromium"]);

    private FileStream WaitFor(string lockFile)
    {
        bool told = false;
        while (true)
        {
            try
            {
                return new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                if (!told) tell("Another process is installing a browser; waiting for it.");
                told = true;
                Thread.Sleep(200);
            }
        }
    }
}
