namespace AdaLoRA.Gen.Dashboard.Tests;

/// <summary>Who may press buttons, and what they do.</summary>
public sealed class ControlTests
{
    private const string Authorization = "Authorization";
    private const string Right = "Bearer " + DashboardHost.Token;

    [Theory]
    [InlineData("token", 401, "token")]
    [InlineData("token", 401, "token", Authorization, "Bearer wrong-token-of-28-characte")]
    [InlineData("token", 401, "token", Authorization, "Bearer ")]
    [InlineData("token", 401, "token", Authorization, "Basic " + DashboardHost.Token)]
    [InlineData("token", 401, "token", Authorization, DashboardHost.Token)]
    [InlineData("token", 401, "token", Authorization, "Bearer " + DashboardHost.Token + "x")]
    [InlineData("token", 401, "token", ControlAccess.Header, "1")]
    [InlineData("token", 202, "allowed", Authorization, Right)]
    [InlineData("token", 202, "allowed", Authorization, "bearer " + DashboardHost.Token)]
    [InlineData("policy", 403, "forbidden")]
    [InlineData("policy", 403, "forbidden", ControlAccess.Header, "1")]
    [InlineData("policy", 403, "forbidden", Authorization, Right, ControlAccess.Header, "1")]
    [InlineData("policy", 403, "forbidden", TestUsers.Header, "visitor", ControlAccess.Header, "1")]
    [InlineData("policy", 403, "allowed", TestUsers.Header, "trainer")]
    [InlineData("policy", 202, "allowed", TestUsers.Header, "trainer", ControlAccess.Header, "1")]
    [InlineData("both", 401, "token", TestUsers.Header, "visitor", ControlAccess.Header, "1")]
    [InlineData("both", 401, "allowed", TestUsers.Header, "trainer")]
    [InlineData("both", 202, "allowed", TestUsers.Header, "trainer", ControlAccess.Header, "1")]
    [InlineData("both", 202, "allowed", Authorization, Right)]
    public async Task Buttons_need_the_token_or_the_apps_policy(string kind, int status, string session, params string[] headers)
    {
        var run = Told.Training(1);
        await using var host = await DashboardHost.StartAsync(
            o => (o.Token, o.ControlPolicy) = (kind == "policy" ? null : DashboardHost.Token, kind == "token" ? null : "Trainers"), TestUsers.Add, runs: run);
        using var answer = await host.PostAsync("api/runs/live-tiny/pause", headers);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(status == 202, run.IsPauseRequested);
        if (status == 401) Assert.Equal("Bearer", Assert.Single(answer.Headers.WwwAuthenticate).Scheme);
        if (status != 202) Assert.Matches("^\\{\"error\":\".+\\.\"\\}$", await answer.Content.ReadAsStringAsync());
        using var asked = await host.GetAsync("api/session", headers);
        Assert.Equal($"{{\"control\":\"{session}\"}}", await asked.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://localhost:1")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task No_other_site_presses_a_button(string header, string value)
    {
        var run = Told.Training(1);
        await using var host = await DashboardHost.StartAsync(o => o.ControlPolicy = "Trainers", TestUsers.Add, runs: run);
        foreach (string[] identity in (string[][])[[Authorization, Right], [TestUsers.Header, "trainer", ControlAccess.Header, "1"]])
        {
            using var answer = await host.PostAsync("api/runs/live-tiny/pause", [header, value, .. identity]);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
        Assert.False(run.IsPauseRequested);
    }

    [Fact]
    public async Task The_own_page_presses_buttons()
    {
        var run = Told.Training(1);
        await using var host = await DashboardHost.StartAsync(runs: run);
        using var answer = await host.PostAsync("api/runs/live-tiny/pause", Authorization, Right, "Origin", host.Address.GetLeftPart(UriPartial.Authority), "Sec-Fetch-Site", "same-origin");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    [Fact]
    public async Task Each_button_does_its_own()
    {
        var run = Told.Training(1);
        await using var host = await DashboardHost.StartAsync(runs: run);
        Assert.Equal("{\"state\":\"Training\"}", await PressAsync("pause"));
        Assert.True(run.IsPauseRequested);
        await PressAsync("continue");
        Assert.False(run.IsPauseRequested);
        Assert.False(run.TakeCheckpointRequest());
        await PressAsync("checkpoint");
        Assert.True(run.TakeCheckpointRequest());
        Assert.False(run.Stopped.IsCancellationRequested);
        Assert.Equal("{\"state\":\"Stopping\"}", await PressAsync("stop"));
        Assert.True(run.Stopped.IsCancellationRequested);
        Assert.Equal(4, host.Log.Lines.Count(l => l.Contains("Pressed", StringComparison.Ordinal)));

        async Task<string> PressAsync(string button)
        {
            using var answer = await host.PostAsync($"api/runs/live-tiny/{button}", Authorization, Right);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            return await answer.Content.ReadAsStringAsync();
        }
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("continue")]
    [InlineData("checkpoint")]
    [InlineData("stop")]
    public async Task A_run_that_has_ended_or_is_another_process_has_no_buttons(string button)
    {
        using var folder = new AdaLoRA.Gen.Testing.TemporaryFolder();
        Told.File(folder.Path, "past", Told.Started(run: "past"));
        var run = Told.Training(1);
        run.Tell(Told.Ended(1));
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path], runs: run);
        using var ended = await host.PostAsync($"api/runs/live-tiny/{button}", Authorization, Right);
        Assert.Equal((HttpStatusCode.Conflict, $"{{\"error\":\"The run has ended (Finished); there is nothing to {button}.\"}}"), (ended.StatusCode, await ended.Content.ReadAsStringAsync()));
        using var past = await host.PostAsync($"api/runs/past/{button}", Authorization, Right);
        Assert.Equal(HttpStatusCode.Conflict, past.StatusCode);
        using var none = await host.PostAsync($"api/runs/none/{button}", Authorization, Right);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        // Who may not press does not learn which runs there are.
        using var unknown = await host.PostAsync($"api/runs/none/{button}");
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        using var get = await host.GetAsync($"api/runs/live-tiny/{button}", Authorization, Right);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
    }
}
