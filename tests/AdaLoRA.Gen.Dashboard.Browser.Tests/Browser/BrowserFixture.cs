using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Playwright;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>The browser that all tests share. Each test has a context of its own in it: no cookies, no storage, no cache of another.</summary>
public sealed class BrowserFixture(IMessageSink sink) : IAsyncLifetime
{
    // Nothing of these serves the tests; several of them call home.
    private static readonly string[] Arguments =
    [
        "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--force-color-profile=srgb",
    ];

    private IPlaywright? _playwright;

    /// <summary>The browser.</summary>
    public IBrowser Browser { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        string path = await Task.Run(() => Installer(_playwright.Chromium.ExecutablePath).Ensure(Path.Combine(Path.GetTempPath(), "adalora-browser-install.lock")));
        Browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = path, Args = Arguments });
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (Browser is not null) await Browser.CloseAsync();
        _playwright?.Dispose();
    }

    private BrowserInstaller Installer(string own)
    {
        var finder = new BrowserFinder(Environment.GetEnvironmentVariable, File.Exists, Starts);
        return new BrowserInstaller(() => finder.Find(own), OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && IsDebian(), Run, () => Download(own), Tell);
    }

    private static bool IsDebian() => File.Exists("/etc/os-release") && File.ReadLines("/etc/os-release").Any(line => line.Trim() is "ID=debian" or "ID=\"debian\"");

    // On Windows the question for the version opens a window.
    private static bool Starts(string path) => OperatingSystem.IsWindows() || Run(path, ["--version"]) is null;

    private static string? Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["DEBIAN_FRONTEND"] = "noninteractive" } };
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"{program} ended with {process.ExitCode}: {errors.Result.Trim().Split('\n')[^1]}";
        }
        catch (Win32Exception e)
        {
            return $"{program} cannot be run (error {e.NativeErrorCode})";
        }
    }

    private static string? Download(string own)
    {
        int code = Microsoft.Playwright.Program.Main(["install", "chromium"]);
        // A bare system lacks libraries that it needs.
        if (code == 0 && OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && !Starts(own)) code = Microsoft.Playwright.Program.Main(["install-deps", "chromium"]);
        return code == 0 ? null : $"playwright install ended with {code}, as it does when its download cannot be reached.";
    }

    private void Tell(string text)
    {
        sink.OnMessage(new DiagnosticMessage(text));
    }
}

/// <summary>Tests that drive the browser.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserTests : ICollectionFixture<BrowserFixture>, ICollectionFixture<PastRunsFixture>
{
    /// <summary>Of the collection.</summary>
    public const string Name = "browser";
}
