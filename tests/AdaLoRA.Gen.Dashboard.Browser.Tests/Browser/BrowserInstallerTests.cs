using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

public class BrowserInstallerTests
{
    private readonly List<string> _did = [];
    private string? _browser;

    [Fact]
    public void Nothing_is_installed_where_there_is_a_browser()
    {
        _browser = "/usr/bin/chromium";
        Assert.Equal("/usr/bin/chromium", Ensure(hasPackages: true));
        Assert.Empty(_did);
    }

    [Fact]
    public void On_Debian_as_root_its_package_is_taken_and_elsewhere_a_download()
    {
        Assert.Equal("packaged", Ensure(hasPackages: true, run: () => _browser = "packaged"));
        Assert.Equal(["apt-get update", "apt-get install -y --no-install-recommends chromium"], _did);
        _browser = null;
        _did.Clear();
        Assert.Equal("own", Ensure(hasPackages: false, download: () => { _browser = "own"; return null; }));
        Assert.Equal(["download"], _did);
    }

    [Fact]
    public void Where_the_package_fails_the_download_is_tried_and_both_reasons_are_told()
    {
        var e = Assert.Throws<InvalidOperationException>(() => Ensure(hasPackages: true, fails: "apt-get ended with 100: no network", download: () => "playwright install ended with 1."));
        Assert.Equal(["apt-get update", "download"], _did);
        Assert.Contains("no network", e.Message, StringComparison.Ordinal);
        Assert.Contains("playwright install ended with 1.", e.Message, StringComparison.Ordinal);
        Assert.Contains("set CHROMIUM to the path", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_installation_that_leaves_nothing_that_starts_is_a_failure()
    {
        var e = Assert.Throws<InvalidOperationException>(() => Ensure(hasPackages: false, download: () => null));
        Assert.Contains("no browser that starts is there", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_one_process_installs_and_the_one_that_waited_takes_what_it_got()
    {
        using var folder = new TemporaryFolder();
        string lockFile = folder.File("lock");
        Task<string> waiting;
        using (new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            waiting = Task.Run(() => new BrowserInstaller(() => _browser, true, (_, _) => "must not run", () => "must not run", _did.Add).Ensure(lockFile));
            var deadline = DateTime.UtcNow.AddSeconds(10);
            while (_did.Count == 0 && DateTime.UtcNow < deadline) await Task.Delay(10);
            _browser = "/got/by/the/other";
        }
        Assert.Equal("/got/by/the/other", await waiting);
        Assert.Equal(["Another process is installing a browser; waiting for it."], _did);
    }

    private string Ensure(bool hasPackages, Action? run = null, string? fails = null, Func<string?>? download = null)
    {
        using var folder = new TemporaryFolder();
        return new BrowserInstaller(() => _browser, hasPackages,
            (program, arguments) =>
            {
                _did.Add($"{program} {string.Join(' ', arguments)}");
                run?.Invoke();
                return fails;
            },
            () =>
            {
                _did.Add("download");
                return download is null ? "must not be asked" : download();
            },
            _ => { }).Ensure(folder.File("lock"));
    }
}
