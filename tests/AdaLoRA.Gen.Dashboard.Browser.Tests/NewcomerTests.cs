using Microsoft.Playwright;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>What someone sees who opens the page for the first time: why a run failed, that a list is on its way, no label cut, no hole in the layout.</summary>
[Collection(BrowserTests.Name)]
public class NewcomerTests(BrowserFixture browser, PastRunsFixture past)
{
    [Fact]
    public async Task A_failed_run_says_why_under_its_title()
    {
        using var folder = new Testing.TemporaryFolder();
        await using var app = await DashboardApp.TrainAsync(folder.Path, new SmallTask { Fault = "The folder 'data' holds no images." });
        await using var page = await DashboardPage.OpenAsync(browser, app.Url);
        await page.UntilText("#state", "Failed");
        await page.UntilText(".head-title #reason", "The folder 'data' holds no images.");
        await Assertions.Expect(page["#reason"]).ToBeInViewportAsync();
        await page.UntilText("#progress-text", "It ended before its first step.");
        await page.UntilText("#card", "Nothing was recorded.");
        await page.PictureAsync("failed");
        foreach (string name in new[] { "loss", "evaluation", "spectrum", "budget", "rate", "gradient", "throughput", "memory" }) await page.UntilText($"#panel-{name} .empty", "Nothing was recorded.");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_run_that_did_not_fail_gives_no_reason()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained));
        await page.UntilText("#state", "Finished");
        await Assertions.Expect(page["#reason"]).ToBeHiddenAsync();
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Until_the_list_is_there_the_page_says_that_it_is_loading()
    {
        await using var app = await DashboardApp.StartAsync([Path.Combine(Path.GetTempPath(), "adalora-no-such-folder")]);
        await using var page = await DashboardPage.OpenAsync(browser, app.Url);
        var letThrough = new TaskCompletionSource();
        await page.Page.RouteAsync("**/api/runs", async route =>
        {
            await letThrough.Task;
            await route.ContinueAsync();
        });
        await page.Page.ReloadAsync();
        await Assertions.Expect(page["#nothing"]).ToHaveTextAsync("Loading…");
        letThrough.SetResult();
        await page.UntilText("#nothing", "No runs yet.");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task The_last_label_below_a_chart_has_room()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf("20260102-000000-0002"));
        await page.Until("document.querySelector('#panel-loss .u-over')");
        // Half of "200 000" in 11 px.
        double room = await page.Page.EvaluateAsync<double>("document.querySelector('#panel-loss .plot').getBoundingClientRect().right - document.querySelector('#panel-loss .u-over').getBoundingClientRect().right");
        Assert.InRange(room, 20, 40);
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Where_nothing_counts_as_the_best_the_legend_says_so()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(RecordedRuns.EarlyId));
        await page.UntilText("#panel-evaluation .legend", "best none within the budget");
        page.AssertNothingWrong();
    }

    [Theory]
    [InlineData(1280)]
    [InlineData(1440)]
    public async Task No_panel_has_an_empty_half_beside_it(int width)
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained), new() { ViewportSize = new() { Width = width, Height = 900 } });
        await page.UntilText("#state", "Finished");
        await page.PictureAsync($"desk-{width}");
        // Panels and the gaps between them, in parts of the area that they stand in; rows are as high as their highest panel.
        double filled = await page.Page.EvaluateAsync<double>(
            """
            () => {
                const panels = document.getElementById("panels").getBoundingClientRect();
                const gap = 15;
                let area = 0;
                for (const p of document.querySelectorAll(".panel:not([hidden])")) {
                    const { width, height } = p.getBoundingClientRect();
                    area += (width + gap) * (height + gap);
                }
                return area / ((panels.width + gap) * (panels.height + gap));
            }
            """);
        Assert.InRange(filled, 0.995, 1.005);
        page.AssertNothingWrong();
    }
}
