using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

[Collection(BrowserTests.Name)]
public class LookTests(BrowserFixture browser, PastRunsFixture past)
{
    [Theory]
    [InlineData("phone-light", 360, 740, ColorScheme.Light)]
    [InlineData("phone-dark", 360, 740, ColorScheme.Dark)]
    [InlineData("tablet", 820, 1100, ColorScheme.Light)]
    [InlineData("desk-light", 1440, 900, ColorScheme.Light)]
    [InlineData("desk-dark", 1440, 900, ColorScheme.Dark)]
    public async Task No_width_scrolls_sideways_and_axe_finds_nothing_at_all(string name, int width, int height, ColorScheme scheme)
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained), new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme });
        await page.UntilText("#state", "Finished");
        await page.PictureAsync(name);
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        var result = await page.Page.RunAxe();
        Assert.Empty(result.Violations.Select(v => $"{v.Impact} {v.Id}: {v.Help} {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_chosen_theme_is_kept_and_the_curves_follow_it()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained));
        await page.UntilText("#theme", "Dark");
        await page.Until("document.querySelector('#panel-loss canvas')");
        string light = await page["#panel-loss canvas"].EvaluateAsync<string>("c => c.toDataURL()");
        await page["#theme"].ClickAsync();
        await page.Until("getComputedStyle(document.documentElement).backgroundColor === 'rgb(18, 23, 26)'");
        await page.Until($"document.querySelector('#panel-loss canvas').toDataURL() !== '{light}'");
        await page.Page.ReloadAsync();
        await page.UntilText("#theme", "Light");
        Assert.Equal("dark", await page.Page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task On_a_phone_the_list_of_runs_opens_and_closes()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.Url, new() { ViewportSize = new() { Width = 360, Height = 740 }, HasTouch = true, IsMobile = true });
        await page.UntilText("#name", "SmallModel");
        await Assertions.Expect(page["#runs"]).ToBeHiddenAsync();
        await page["#runs-toggle"].TapAsync();
        await page["#runs a", "large"].TapAsync();
        await page.UntilText("#name", "large");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Printed_it_is_light_complete_and_without_buttons()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.UrlOf(past.Trained), new() { ColorScheme = ColorScheme.Dark, ViewportSize = new() { Width = 1000, Height = 900 } });
        await page.UntilText("#state", "Finished");
        await page.Until("document.querySelector('#panel-loss canvas')");
        string theme = await page.Page.EvaluateAsync<string>(
            """
            () => {
                dispatchEvent(new Event("beforeprint"));
                const theme = document.documentElement.dataset.theme;
                const undrawn = [...document.querySelectorAll(".plot")].filter(p => !p.querySelector("canvas")).length;
                dispatchEvent(new Event("afterprint"));
                return `${theme} ${undrawn} ${document.documentElement.dataset.theme}`;
            }
            """);
        Assert.Equal("light 0 undefined", theme);
        await page.Page.EmulateMediaAsync(new() { Media = Media.Print });
        await Assertions.Expect(page["#pause"]).ToBeHiddenAsync();
        await Assertions.Expect(page["#card"]).ToBeVisibleAsync();
        page.AssertNothingWrong();
    }
}
