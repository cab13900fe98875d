using AdaLoRA.Gen.Testing;
using Microsoft.Playwright;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

[Collection(BrowserTests.Name)]
public class KeyboardTests(BrowserFixture browser, PastRunsFixture past)
{
    private static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    [Fact]
    public async Task Everything_can_be_reached_and_used_without_a_pointer()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained));
        await page.UntilText("#state", "Finished");
        var keys = page.Page.Keyboard;
        await keys.PressAsync("Tab");
        await Expect(page[".skip"]).ToBeFocusedAsync();
        await Expect(page[".skip"]).ToBeInViewportAsync();
        await keys.PressAsync("Enter");
        await Expect(page["#main"]).ToBeFocusedAsync();
        Assert.EndsWith(past.Trained, page.Page.Url, StringComparison.Ordinal);

        // Each stop on the way has a visible outline; the way ends.
        var stops = new List<string>();
        for (int i = 0; i < 80; i++)
        {
            await keys.PressAsync("Tab");
            string stop = await page.Page.EvaluateAsync<string>(
                """
                () => {
                    const e = document.activeElement;
                    if (!e || e === document.body) return "";
                    const { outlineStyle, outlineWidth } = getComputedStyle(e);
                    const panel = e.closest(".panel")?.id ?? "";
                    return `${panel} ${e.id || e.className || e.tagName} ${outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 ? "seen" : "unseen"}`;
                }
                """);
            if (stop.Length == 0) break;
            stops.Add(stop);
        }
        Assert.All(stops, s => Assert.EndsWith(" seen", s, StringComparison.Ordinal));
        foreach (string expected in new[] { " pause ", " checkpoint ", " stop ", " smoothing ", " log ", "panel-loss plot", "panel-ranks frame ", "panel-ranks r", "panel-spectrum plot", "panel-events events" })
        {
            Assert.Contains(stops, s => (" " + s).Contains(expected, StringComparison.Ordinal));
        }
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_chart_is_read_and_zoomed_with_keys_and_the_others_follow()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained));
        var keys = page.Page.Keyboard;
        await page.UntilText("#panel-loss .legend", "smoothed");
        string newest = await page["#panel-loss .legend"].InnerTextAsync();
        await page["#panel-loss .plot"].FocusAsync();
        await keys.PressAsync("Home");
        await page.UntilText("#panel-loss .at", "step 1");
        await keys.PressAsync("ArrowRight");
        await page.UntilText("#panel-loss .at", "step 2");
        await page.UntilText("#announcer", "step 2, read ");
        Assert.NotEqual(newest, await page["#panel-loss .legend"].InnerTextAsync());
        await keys.PressAsync("+");
        await Expect(page["#unzoom"]).ToBeEnabledAsync();
        await keys.PressAsync("Escape");
        await Expect(page["#unzoom"]).ToBeDisabledAsync();
        await Expect(page["#panel-loss .at"]).ToHaveTextAsync("");

        await page["#panel-rate .plot"].ScrollIntoViewIfNeededAsync();
        await Expect(page["#panel-rate canvas"]).ToBeVisibleAsync();
        await page["#panel-rate .plot"].FocusAsync();
        await keys.PressAsync("Home");
        await page.UntilText("#panel-gradient .at", "step 1");
        await keys.PressAsync("Escape");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Dragging_zooms_all_curves_and_the_log_scale_is_a_checkbox()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained));
        var over = page["#panel-loss .u-over"];
        var box = (await over.BoundingBoxAsync())!;
        await page.Page.Mouse.MoveAsync(5, 5);
        string before = await page["#panel-loss canvas"].EvaluateAsync<string>("c => c.toDataURL()");
        await page.Page.Mouse.MoveAsync(box.X + box.Width * 0.3f, box.Y + 40);
        await page.Page.Mouse.DownAsync();
        await page.Page.Mouse.MoveAsync(box.X + box.Width * 0.6f, box.Y + 60, new() { Steps = 4 });
        await page.Page.Mouse.UpAsync();
        await Expect(page["#unzoom"]).ToBeEnabledAsync();
        await page.Page.Mouse.MoveAsync(5, 5);
        await Expect(page["#panel-loss .at"]).ToHaveTextAsync("");
        string zoomed = await page["#panel-loss canvas"].EvaluateAsync<string>("c => c.toDataURL()");
        Assert.NotEqual(before, zoomed);
        await page["#unzoom"].ClickAsync();
        await page.Until($"document.querySelector('#panel-loss canvas').toDataURL() !== '{zoomed}'");
        await page["#log"].CheckAsync();
        await page.Until($"![ '{before}', '{zoomed}' ].includes(document.querySelector('#panel-loss canvas').toDataURL())");
        await page["#log"].UncheckAsync();
        await page.Until($"document.querySelector('#panel-loss canvas').toDataURL() === '{before}'");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_run_is_paused_and_stopped_with_keys_alone()
    {
        using var folder = new TemporaryFolder();
        var task = new SmallTask { Limit = 20 };
        await using var app = await DashboardApp.TrainAsync(folder.Path, task);
        await using var page = await DashboardPage.OpenAsync(browser, app.UrlWithToken);
        await page.UntilText("#state", "Training");
        await page["#pause"].FocusAsync();
        await page.Page.Keyboard.PressAsync("Space");
        await page.UntilText("#buttons-note", "Asked to pause");
        task.Limit = 40;
        await page.UntilText("#state", "Paused");
        await page.UntilText("#announcer", "Paused");
        await Expect(page["#pause"]).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("Tab");
        await page.Page.Keyboard.PressAsync("Tab");
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page["#confirm-no"]).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page["#stop"]).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.Keyboard.PressAsync("Tab");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.UntilText("#state", "Interrupted");
        page.AssertNothingWrong();
    }
}
