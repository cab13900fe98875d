using Microsoft.Playwright;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

[Collection(BrowserTests.Name)]
public class RankMapTests(BrowserFixture browser, PastRunsFixture past)
{
    private static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    [Fact]
    public async Task Removed_layers_are_crossed_out_and_the_slider_goes_back_to_when_they_lived()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained));
        var cells = page["#rankmap td[data-target]"];
        var removed = page["#rankmap td.removed"];
        await Expect(cells).ToHaveCountAsync(8);
        // Six triplets stay for eight layers.
        int gone = await removed.CountAsync();
        Assert.InRange(gone, 2, 7);
        await Expect(removed.First).ToHaveTextAsync("×");
        await Expect(removed.First).ToHaveAttributeAsync("aria-label", "0, removed");
        Assert.Equal(6, (await cells.AllTextContentsAsync()).Sum(t => t == "×" ? 0 : int.Parse(t, System.Globalization.CultureInfo.InvariantCulture)));
        await page.UntilText("#ranks-summary", "6 of 32 triplets live, budget 6");
        await page.UntilText("#panel-spectrum .legend", "importance");

        await page["#frame"].FillAsync("0");
        await page.UntilText("#ranks-summary", "Step 0: 32 of 32 triplets live");
        await Expect(removed).ToHaveCountAsync(0);
        Assert.All(await cells.AllTextContentsAsync(), t => Assert.Equal("4", t));
        await Expect(page["#frame-live"]).ToHaveAttributeAsync("aria-pressed", "false");

        await page["#frame-on"].ClickAsync();
        await Expect(page["#rankmap td.changed"]).Not.ToHaveCountAsync(0);
        await page["#frame-play"].ClickAsync();
        await page.UntilText("#ranks-summary", "6 of 32");
        await page["#frame-back"].ClickAsync();
        await page["#frame-live"].ClickAsync();
        await Expect(removed).ToHaveCountAsync(gone);
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_cell_tells_its_path_rank_and_size_to_pointer_and_keyboard()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained));
        await page["#rankmap td[data-target='0']"].HoverAsync();
        await page.UntilText("#tooltip", "blocks.0.");
        await page.UntilText("#tooltip", "12 × 12");
        await page.Page.Mouse.MoveAsync(5, 5);
        await Expect(page["#tooltip"]).ToBeHiddenAsync();
        await page["#rankmap td[tabindex='0']"].FocusAsync();
        await page.Page.Keyboard.PressAsync("ArrowRight");
        await page.UntilText("#tooltip", "blocks.1.");
        await page.Page.Keyboard.PressAsync("ArrowDown");
        await page.Page.Keyboard.PressAsync("End");
        await page.UntilText("#tooltip", "blocks.3.");
        Assert.Equal(1, await page["#rankmap td[tabindex='0']"].CountAsync());
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page["#tooltip"]).ToBeHiddenAsync();
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_model_of_hundreds_of_layers_scrolls_inside_its_panel_and_steps_without_delay()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf("20260102-000000-0002"));
        await Expect(page["#rankmap td[data-target]"]).ToHaveCountAsync(160 * 7);
        Assert.True(await page["#rankmap"].EvaluateAsync<bool>("h => h.scrollWidth > h.clientWidth"));
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        double milliseconds = await page.Page.EvaluateAsync<double>(
            """
            async () => {
                const slider = document.getElementById("frame");
                const start = performance.now();
                for (let i = 0; i < 19; i++) {
                    slider.value = String(i);
                    slider.dispatchEvent(new Event("input"));
                    await new Promise(done => requestAnimationFrame(done));
                }
                return (performance.now() - start) / 19;
            }
            """);
        Assert.True(milliseconds < 250, $"A frame took {milliseconds:F0} ms.");
        await page.PictureAsync("large-model");
        page.AssertNothingWrong();
    }
}
