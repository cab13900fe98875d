using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Playwright;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>A page of a fresh browser context that notes everything a user must never see: errors, dialogs, refused styles or scripts, requests to other origins.</summary>
internal sealed class DashboardPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _wrongs = new();
    private readonly string _origin;

    private DashboardPage(IBrowserContext context, IPage page, string origin)
    {
        (_context, Page, _origin) = (context, page, origin);
        page.Console += (_, m) =>
        {
            // The browser itself writes a line for each answer of 400 and above; tests that expect those look at the answer.
            if (m.Type is "error" or "warning" && !m.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) _wrongs.Enqueue($"console: {m.Text}");
        };
        page.PageError += (_, e) => _wrongs.Enqueue($"error: {e}");
        page.Dialog += async (_, d) =>
        {
            _wrongs.Enqueue($"dialog: {d.Message}");
            await d.DismissAsync();
        };
        page.Request += (_, r) =>
        {
            if (!r.Url.StartsWith(_origin, StringComparison.Ordinal) && !r.Url.StartsWith("data:", StringComparison.Ordinal)) _wrongs.Enqueue($"request to {r.Url}");
        };
    }

    public IPage Page { get; }

    /// <summary>Opens a page of the dashboard.</summary>
    /// <param name="fixture">The browser.</param>
    /// <param name="url">With a fragment, if any.</param>
    /// <param name="options">Of the context; by default 1,440 × 900, light.</param>
    public static async Task<DashboardPage> OpenAsync(BrowserFixture fixture, string url, BrowserNewContextOptions? options = null)
    {
        options ??= new() { ViewportSize = new() { Width = 1440, Height = 900 } };
        var context = await fixture.Browser.NewContextAsync(options);
        context.SetDefaultTimeout(15_000);
        var page = new DashboardPage(context, await context.NewPageAsync(), new Uri(url).GetLeftPart(UriPartial.Authority));
        // Refusals of the content security policy, as the document itself hears of them.
        await page.Page.AddInitScriptAsync("document.addEventListener('securitypolicyviolation', e => console.error('refused by the policy: ' + e.violatedDirective + ' ' + e.blockedURI));");
        await page.Page.GotoAsync(url);
        return page;
    }

    public ILocator this[string selector] => Page.Locator(selector);

    public ILocator this[string selector, string text] => Page.Locator(selector, new() { HasText = text });

    /// <summary>Waits until an expression of the page is true.</summary>
    /// <param name="expression">Asked for from outside: waiting within the page takes eval, which its policy refuses.</param>
    public async Task Until(string expression)
    {
        var patience = Stopwatch.StartNew();
        while (!await Page.EvaluateAsync<bool>($"Boolean({expression})"))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(15), $"It was not so within 15 s: {expression}");
            await Task.Delay(30);
        }
    }

    /// <summary>Waits for the text of an element.</summary>
    public Task UntilText(string selector, string text) => Assertions.Expect(this[selector]).ToContainTextAsync(text, new() { Timeout = 15_000 });

    /// <summary>Scrolls through the page, so that every chart is drawn, and keeps a picture of all of it.</summary>
    public async Task PictureAsync(string name)
    {
        await Page.EvaluateAsync(
            """
            async () => {
                for (let y = 0; y < document.documentElement.scrollHeight; y += 400) {
                    scrollTo(0, y);
                    await new Promise(done => setTimeout(done, 50));
                }
                scrollTo(0, 0);
                await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            }
            """);
        await Page.ScreenshotAsync(new() { Path = Path.Combine(PictureFolder, name + ".png"), FullPage = true });
    }

    /// <summary>Where pictures are kept: <c>TestResults/screenshots</c> of this project.</summary>
    public static string PictureFolder { get; } = Testing.RepositoryRoot.Combine("tests", "AdaLoRA.Gen.Dashboard.Browser.Tests", "TestResults", "screenshots");

    /// <summary>Fails if anything happened that a user must never see.</summary>
    public void AssertNothingWrong() => Assert.Empty(_wrongs);

    public async ValueTask DisposeAsync() => await _context.CloseAsync();
}
