using Microsoft.Playwright;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

[Collection(BrowserTests.Name)]
public class PastRunsTests(BrowserFixture browser, PastRunsFixture past)
{
    [Fact]
    public async Task Past_runs_are_listed_newest_first_and_each_has_an_address()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.Url);
        await Assertions.Expect(page["#runs li"]).ToHaveCountAsync(4);
        Assert.Contains("SmallModel", await page["#runs li"].First.TextContentAsync(), StringComparison.Ordinal);
        await page.UntilText("#name", "SmallModel");
        await page["#runs a", "large"].ClickAsync();
        await page.UntilText("#name", "large");
        Assert.EndsWith("#run=20260102-000000-0002", page.Page.Url, StringComparison.Ordinal);
        Assert.Equal("page", await page["#runs a", "large"].GetAttributeAsync("aria-current"));
        await page.Page.GoBackAsync();
        await page.Page.GotoAsync(past.UrlOf(past.Trained));
        await page.UntilText("#name", "SmallModel");
        await page.UntilText("#state", "Finished");
        await page.UntilText("#buttons-note", "This run has ended.");
        await page.UntilText("#card", "64 random inputs");
        await page.UntilText("#card", past.Trained);
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task An_address_of_no_run_says_so()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf("no-such-run"));
        await page.UntilText("#nothing", "knows no run of this name");
        await page["#runs a", "large"].ClickAsync();
        await page.UntilText("#name", "large");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task An_app_without_runs_says_where_they_would_come_from()
    {
        await using var app = await DashboardApp.StartAsync([Path.Combine(Path.GetTempPath(), "adalora-no-such-folder")]);
        await using var page = await DashboardPage.OpenAsync(browser, app.Url);
        await page.UntilText("#nothing", "No runs yet.");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Events_are_newest_first_and_can_be_left_out_by_kind()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained));
        await page.UntilText("#events li:first-child", "Finished");
        await page.UntilText("#events li:last-child", "Started");
        await page["#events-filter label", "Evaluations"].UncheckAsync();
        await Assertions.Expect(page["#events .evaluation"]).ToHaveCountAsync(0);
        await page["#events-filter label", "States"].UncheckAsync();
        await Assertions.Expect(page["#events .ended"]).ToHaveCountAsync(0);
        await page["#events-filter label", "Evaluations"].CheckAsync();
        await Assertions.Expect(page["#events .evaluation"]).ToHaveCountAsync(5);
        page.AssertNothingWrong();
    }
}
