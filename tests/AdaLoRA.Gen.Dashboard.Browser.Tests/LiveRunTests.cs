using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Testing;
using Microsoft.Playwright;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

[Collection(BrowserTests.Name)]
public class LiveRunTests(BrowserFixture browser)
{
    private const string Points = "Number(document.querySelector('#panel-loss .plot').dataset.points ?? 0)";
    private const string Canvas = "document.querySelector('#panel-loss canvas').toDataURL()";

    [Fact]
    public async Task Curves_move_while_a_run_trains()
    {
        using var folder = new TemporaryFolder();
        var task = new SmallTask { Limit = 10 };
        await using var app = await DashboardApp.TrainAsync(folder.Path, task);
        await using var page = await DashboardPage.OpenAsync(browser, app.Url);
        await page.UntilText("#state", "Training");
        await page.UntilText("#connection", "Live");
        await page.Until($"{Points} > 2");
        string drawn = await page.Page.EvaluateAsync<string>(Canvas);
        task.Limit = 60;
        await page.UntilText("#progress-text", "59 of 80 steps");
        // Of so many at once the stream leaves some out; in the end all are there.
        await page.Until($"{Points} > 20");
        Assert.NotEqual(drawn, await page.Page.EvaluateAsync<string>(Canvas));
        Assert.InRange(await page["#progress"].EvaluateAsync<double>("p => p.value"), 0.1, 0.99);
        await page.PictureAsync("training");
        task.Limit = int.MaxValue;
        await page.UntilText("#state", "Finished");
        await page.Until($"{Points} === 80");
        await page.UntilText("#progress-text", "80 of 80 steps");
        await page.UntilText("#events", "Finished after");
        await page.UntilText("#panel-evaluation .legend", "error");
        Assert.Equal("", await page["#connection"].TextContentAsync());
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task Each_chart_draws_something_of_a_run()
    {
        using var folder = new TemporaryFolder();
        await using var app = await DashboardApp.TrainAsync(folder.Path, new SmallTask());
        await using var page = await DashboardPage.OpenAsync(browser, app.Url);
        await page.UntilText("#state", "Finished");
        await page.PictureAsync("finished");
        foreach (string name in new[] { "loss", "evaluation", "spectrum", "budget", "rate", "gradient", "throughput", "memory" })
        {
            Assert.True(await page[$"#panel-{name} .plot"].EvaluateAsync<int>("p => Number(p.dataset.points)") > 1, name);
            // A canvas on which only axes are has far fewer colours in its middle than one with a curve.
            int colours = await page[$"#panel-{name} canvas"].EvaluateAsync<int>(
                """
                c => {
                    const { data } = c.getContext("2d").getImageData(c.width * 0.3, 0, c.width * 0.6, c.height * 0.85);
                    const seen = new Set();
                    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
                    return seen.size;
                }
                """);
            Assert.True(colours > 2, $"{name}: {colours} colours");
        }
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task The_page_comes_back_when_the_app_was_restarted_and_goes_on_with_the_resumed_run()
    {
        using var folder = new TemporaryFolder();
        void Longer(TrainingOptions o) => o.Steps = 400;
        var first = await DashboardApp.TrainAsync(folder.Path, new SmallTask { Limit = 20 }, Longer);
        int port = new Uri(first.Url).Port;
        await using var page = await DashboardPage.OpenAsync(browser, first.Url);
        await page.Until($"{Points} > 3");
        await first.DisposeAsync();
        await page.UntilText("#connection", "Connection lost");
        await using var second = await DashboardApp.TrainAsync(folder.Path, new SmallTask(), o => { Longer(o); o.Resume = true; }, port);
        await page.UntilText("#state", "Finished");
        // Those that the first process read are there, too.
        await page.Until($"{Points} === 400");
        await page.UntilText("#events", "Went on from");
        page.AssertNothingWrong();
    }

    [Fact]
    public async Task A_page_of_a_run_that_ended_follows_it_when_the_app_resumes_it()
    {
        using var folder = new TemporaryFolder();
        int port = 0;
        await using var page = await OpenStoppedAsync();
        await using var second = await DashboardApp.TrainAsync(folder.Path, new SmallTask(), o => o.Resume = true, port);
        await page.UntilText("#state", "Finished");
        await page.Until($"{Points} === 80");
        page.AssertNothingWrong();

        async Task<DashboardPage> OpenStoppedAsync()
        {
            var task = new SmallTask { Limit = 20 };
            await using var first = await DashboardApp.TrainAsync(folder.Path, task);
            port = new Uri(first.Url).Port;
            var opened = await DashboardPage.OpenAsync(browser, first.Url);
            await opened.Until($"{Points} > 3");
            first.Run.Stop();
            await opened.UntilText("#state", "Stopping");
            task.Limit = int.MaxValue;
            await opened.UntilText("#state", "Interrupted");
            return opened;
        }
    }

    [Fact]
    public async Task A_connection_that_breaks_is_told_and_mended()
    {
        using var folder = new TemporaryFolder();
        await using var app = await DashboardApp.TrainAsync(folder.Path, new SmallTask { Limit = 20 });
        await using var page = await DashboardPage.OpenAsync(browser, app.Url);
        await page.Until($"{Points} > 2");
        await page.Page.RouteAsync("**/api/runs/**", route => route.AbortAsync());
        // An open stream is not the route's to break: the page is told to read the run again.
        await page.Page.EvaluateAsync("location.hash = 'run=elsewhere'");
        await page.UntilText("#connection", "Connection lost");
        await page.Page.UnrouteAllAsync(new() { Behavior = UnrouteBehavior.IgnoreErrors });
        await page.Page.EvaluateAsync("location.hash = 'run=live-small'");
        await page.UntilText("#connection", "Live");
        await page.Until($"{Points} > 3");
        page.AssertNothingWrong();
    }
}
