using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Testing;
using Microsoft.Playwright;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

[Collection(BrowserTests.Name)]
public class ButtonsTests(BrowserFixture browser)
{
    private static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    [Fact]
    public async Task Pause_checkpoint_continue_and_stop_leave_a_checkpoint_from_which_the_run_ends_bit_equal()
    {
        using var undisturbed = new TemporaryFolder();
        await DashboardApp.TrainUndisturbedAsync(undisturbed.Path);
        using var folder = new TemporaryFolder();
        var task = new SmallTask { Limit = 20 };
        await using (var app = await DashboardApp.TrainAsync(folder.Path, task))
        {
            await using var page = await DashboardPage.OpenAsync(browser, app.UrlWithToken);
            Assert.DoesNotContain("token", page.Page.Url, StringComparison.Ordinal);
            await page.UntilText("#state", "Training");
            await page.UntilText("#progress-text", " of 80 steps");

            await page["#pause"].ClickAsync();
            await page.UntilText("#buttons-note", "Asked to pause");
            await Expect(page["#pause"]).ToHaveTextAsync("Pause");
            task.Limit = 40;
            await page.UntilText("#state", "Paused");
            Assert.Equal(RunState.Paused, app.Run.State);
            await Expect(page["#pause"]).ToHaveTextAsync("Continue");
            await page.UntilText("#events", "Paused");
            int step = app.Run.History.Events[^1].Step;
            await page["#checkpoint"].ClickAsync();
            await page.UntilText("#events", $"Checkpoint step-{step}");
            Assert.True(File.Exists(folder.File($"checkpoints/step-{step}/state.json")));
            Assert.Equal(RunState.Paused, app.Run.State);
            await page.PictureAsync("paused");

            await page["#pause"].ClickAsync();
            await page.UntilText("#state", "Training");
            await page.UntilText("#events", "Continued");
            await Expect(page["#pause"]).ToHaveTextAsync("Pause");

            await page["#stop"].ClickAsync();
            await page.UntilText("#confirm", "Stop small?");
            await page["#confirm-no"].ClickAsync();
            Assert.Equal(RunState.Training, app.Run.State);
            await page["#stop"].ClickAsync();
            await page.Page.ScreenshotAsync(new() { Path = Path.Combine(DashboardPage.PictureFolder, "stop.png") });
            await page["#confirm-yes"].ClickAsync();
            await page.UntilText("#state", "Stopping");
            await page.UntilText("#buttons-note", "The run is stopping");
            task.Limit = int.MaxValue;
            await page.UntilText("#state", "Interrupted");
            int stopped = app.Run.History.Ended!.Step;
            Assert.InRange(stopped, 1, 79);
            Assert.True(File.Exists(folder.File($"checkpoints/step-{stopped}/state.json")));
            await page.UntilText("#buttons-note", "interrupted");
            await Expect(page["#pause"]).ToHaveAttributeAsync("aria-disabled", "true");
            page.AssertNothingWrong();
        }

        await using var resumed = await DashboardApp.TrainAsync(folder.Path, new SmallTask(), o => o.Resume = true);
        await using var after = await DashboardPage.OpenAsync(browser, resumed.Url);
        await after.UntilText("#state", "Finished");
        Assert.Equal(DashboardApp.AdapterBytes(undisturbed.Path), DashboardApp.AdapterBytes(folder.Path));
        after.AssertNothingWrong();
    }

    [Fact]
    public async Task Without_the_token_nothing_is_pressed_until_it_is_given()
    {
        using var folder = new TemporaryFolder();
        var task = new SmallTask { Limit = 20 };
        await using var app = await DashboardApp.TrainAsync(folder.Path, task);
        await using var page = await DashboardPage.OpenAsync(browser, app.Url);
        await page.UntilText("#state", "Training");

        int status = await page.Page.EvaluateAsync<int>("async () => (await fetch('api/runs/live-small/stop', { method: 'POST', headers: { 'X-AdaLoRA-Dashboard': '1' } })).status");
        Assert.Equal(401, status);
        await page["#pause"].ClickAsync();
        await page.UntilText("#token-dialog", "printed it when it started");
        await page["#token-no"].ClickAsync();
        Assert.False(app.Run.IsPauseRequested);
        await Expect(page["#pause"]).ToHaveTextAsync("Pause");

        await page["#pause"].ClickAsync();
        await page["#token"].FillAsync("this-is-not-the-token-of-the-app");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.UntilText("#token-text", "did not accept that token");
        Assert.False(app.Run.IsPauseRequested);
        await page["#token"].FillAsync(DashboardApp.Token);
        await page.Page.Keyboard.PressAsync("Enter");
        await page.UntilText("#buttons-note", "Asked to pause");
        task.Limit = 40;
        await page.UntilText("#state", "Paused");
        Assert.Equal(DashboardApp.Token, await page.Page.EvaluateAsync<string>("Object.values(sessionStorage).join()"));
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("localStorage.length"));
        await page["#stop"].ClickAsync();
        await page["#confirm-yes"].ClickAsync();
        await page.UntilText("#state", "Interrupted");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_button_shows_what_the_server_says_and_not_what_was_asked_for()
    {
        using var folder = new TemporaryFolder();
        await using var app = await DashboardApp.TrainAsync(folder.Path, new SmallTask { Limit = 20 });
        await using var page = await DashboardPage.OpenAsync(browser, app.UrlWithToken);
        await page.UntilText("#state", "Training");
        // The app takes the request, and the run does not get to it.
        await page.Page.RouteAsync("**/pause", route => route.FulfillAsync(new() { Status = 202, ContentType = "application/json", Body = """{"state":"Training"}""" }));
        await page["#pause"].ClickAsync();
        await page.UntilText("#buttons-note", "Asked to pause");
        await Task.Delay(200);
        await Expect(page["#pause"]).ToHaveTextAsync("Pause");
        Assert.Equal("Training", await page["#state"].TextContentAsync());
        // It refuses, with a sentence.
        await page.Page.RouteAsync("**/checkpoint", route => route.FulfillAsync(new() { Status = 409, ContentType = "application/json", Body = """{"error":"The run 'small' has ended."}""" }));
        await page["#checkpoint"].ClickAsync();
        await page.UntilText("#buttons-note", "The run 'small' has ended.");
        // It is gone.
        await page.Page.RouteAsync("**/pause", route => route.AbortAsync());
        await page["#pause"].ClickAsync();
        await page.UntilText("#buttons-note", "The app does not answer.");
        page.AssertNothingWrong();
    }
}
