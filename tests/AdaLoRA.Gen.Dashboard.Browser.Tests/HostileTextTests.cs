namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

[Collection(BrowserTests.Name)]
public class HostileTextTests(BrowserFixture browser, PastRunsFixture past)
{
    [Fact]
    public async Task Markup_in_names_cards_notices_and_metrics_stays_text()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf("20260101-000000-0001"));
        await page.UntilText("#name", RecordedRuns.Hostile);
        await page.UntilText("#about", RecordedRuns.Hostile);
        await page.UntilText("#runs", RecordedRuns.Hostile);
        await page.UntilText("#panel-evaluation select", RecordedRuns.Hostile);
        await page.UntilText("#events .notice", RecordedRuns.Hostile);
        await page.UntilText("#events .checkpoint", "Checkpoint ");
        await page.UntilText("#events .ended", RecordedRuns.Hostile);
        await page.UntilText("#events .evaluation", "__proto__ 2");
        await page.UntilText("#card", "of the options");
        await page.UntilText("#card", "of the card");
        await page["#rankmap td[data-target='0']"].HoverAsync();
        await page.UntilText("#tooltip", RecordedRuns.Hostile);
        Assert.Contains(RecordedRuns.Hostile, await page.Page.TitleAsync(), StringComparison.Ordinal);
        await page["#panel-evaluation .plot"].ScrollIntoViewIfNeededAsync();
        await page["#panel-evaluation select"].SelectOptionAsync("__proto__");
        await page.UntilText("#panel-evaluation .legend", "__proto__");
        Assert.Equal(0, await page["img, script:not([src])"].CountAsync());
        // What is not finite is told as such and breaks no curve.
        await page.UntilText("#events .evaluation", "−∞");
        // What turns the direction of writing is closed off from what stands beside it.
        Assert.Contains($"\u2068{RecordedRuns.Hostile}\u2069 · ", await page["#about"].TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        await page.PictureAsync("hostile-text");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task The_policy_lets_no_inline_script_run()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.Url);
        await page.UntilText("#runs", "large");
        bool ran = await page.Page.EvaluateAsync<bool>(
            """
            async () => {
                const script = document.createElement("script");
                script.textContent = "window.ran = true";
                document.body.append(script);
                document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = true'>");
                await new Promise(done => setTimeout(done, 200));
                return window.ran === true;
            }
            """);
        Assert.False(ran);
    }
}
