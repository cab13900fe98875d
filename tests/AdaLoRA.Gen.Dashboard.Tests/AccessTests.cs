using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.AspNetCore.HttpOverrides;

namespace AdaLoRA.Gen.Dashboard.Tests;

/// <summary>Who may read.</summary>
public sealed class AccessTests
{
    private static readonly string[] Paths = ["", "assets/app.js", "api/runs", "api/session", "api/runs/live-tiny", "api/runs/live-tiny/stream"];

    [Theory]
    [InlineData(DashboardHost.RemoteHeader, "192.168.1.7")]
    [InlineData(DashboardHost.RemoteHeader, "::ffff:10.0.0.1")]
    [InlineData(DashboardHost.RemoteHeader, "fe80::1")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-Host", "localhost")]
    [InlineData("Forwarded", "for=127.0.0.1")]
    [InlineData("X-Real-IP", "127.0.0.1")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("Host", "evil.example")]
    [InlineData("Host", "localhost.evil.example")]
    [InlineData("Host", "127.0.0.1.evil.example")]
    [InlineData("Host", "192.168.1.7:5117")]
    public async Task Another_machine_or_name_is_refused_unless_AllowRemote(string header, string value)
    {
        await using var closed = await DashboardHost.StartAsync(runs: Told.Training(1));
        await using var open = await DashboardHost.StartAsync(o => o.AllowRemote = true, runs: Told.Training(1));
        foreach (string path in Paths)
        {
            using var refused = await closed.GetAsync(path, header, value);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Contains("AllowRemote", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        using var post = await closed.PostAsync("api/runs/live-tiny/pause", header, value, "Authorization", "Bearer " + DashboardHost.Token);
        Assert.Equal(HttpStatusCode.Forbidden, post.StatusCode);
        foreach (string path in Paths[..^1])
        {
            using var answered = await open.GetAsync(path, header, value);
            Assert.Equal(path.Contains("assets", StringComparison.Ordinal) && !PageEndpoints.Names.Contains("app.js") ? HttpStatusCode.NotFound : HttpStatusCode.OK, answered.StatusCode);
        }
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST:80")]
    [InlineData("runs.localhost")]
    [InlineData("127.0.0.1:5117")]
    [InlineData("127.8.9.1")]
    [InlineData("[::1]:5117")]
    public async Task The_loopbacks_own_names_are_answered(string name)
    {
        await using var host = await DashboardHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("api/runs", "Host", name)).StatusCode);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    public async Task Local_connections_are_answered(string remote)
    {
        await using var host = await DashboardHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("api/runs", DashboardHost.RemoteHeader, remote)).StatusCode);
    }

    /// <summary>A real connection to this machine's own address in its network.</summary>
    [Fact]
    public async Task A_connection_that_is_not_of_the_loopback_is_refused()
    {
        var own = NetworkInterface.GetAllNetworkInterfaces().Where(n => n.OperationalStatus == OperationalStatus.Up)
            .SelectMany(n => n.GetIPProperties().UnicastAddresses).Select(a => a.Address).FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a));
        if (own is null) return;  // a machine without a network
        await using var host = await DashboardHost.StartAsync(url: "http://0.0.0.0:0");
        using var client = new HttpClient();
        var request = new HttpRequestMessage(HttpMethod.Get, $"http://{own}:{host.Address.Port}/adalora/api/runs") { Headers = { Host = "localhost" } };
        using var answer = await client.SendAsync(request);
        Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{own}");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"http://127.0.0.1:{host.Address.Port}/adalora/api/runs")).StatusCode);

        // The same with middleware that believes whoever connects.
        await using var credulous = await DashboardHost.StartAsync(url: "http://0.0.0.0:0", middleware: app =>
        {
            var trusting = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All };
            trusting.KnownProxies.Clear();
            trusting.KnownIPNetworks.Clear();
            app.UseForwardedHeaders(trusting);
            // As if nothing told of the proxy.
            app.Use((context, next) =>
            {
                foreach (string name in context.Request.Headers.Keys.Where(k => k.StartsWith("X-", StringComparison.Ordinal)).ToList()) context.Request.Headers.Remove(name);
                Assert.Equal(IPAddress.Loopback, context.Connection.RemoteIpAddress);
                return next(context);
            });
        });
        var forged = new HttpRequestMessage(HttpMethod.Get, $"http://{own}:{credulous.Address.Port}/adalora/api/runs") { Headers = { Host = "localhost" } };
        forged.Headers.Add("X-Forwarded-For", "127.0.0.1");
        using var forgedAnswer = await client.SendAsync(forged);
        Assert.Equal(HttpStatusCode.Forbidden, forgedAnswer.StatusCode);
    }

    [Fact]
    public async Task A_page_of_another_site_may_link_here_and_not_read()
    {
        await using var host = await DashboardHost.StartAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await host.GetAsync("api/runs", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("api/runs", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors")).StatusCode);
    }

    [Fact]
    public async Task CORS_of_the_app_lets_another_site_read()
    {
        await using var host = await DashboardHost.StartAsync(
            services: s => s.AddCors(o => o.AddPolicy("friends", p => p.WithOrigins("https://friend.example"))), middleware: app => app.UseCors(), map: e => e.RequireCors("friends"));
        using var answer = await host.GetAsync("api/runs", "Origin", "https://friend.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("https://friend.example", Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
        // Pressing buttons is for the dashboard's own page.
        using var press = await host.PostAsync("api/runs/x/pause", "Origin", "https://friend.example", "Authorization", "Bearer " + DashboardHost.Token);
        Assert.Equal(HttpStatusCode.Forbidden, press.StatusCode);
    }

    [Fact]
    public async Task RequireHost_chains()
    {
        await using var host = await DashboardHost.StartAsync(map: e => e.RequireHost("runs.localhost"));
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("api/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("api/runs", "Host", "runs.localhost")).StatusCode);
    }

    [Fact]
    public async Task RequireAuthorization_chains()
    {
        await using var host = await DashboardHost.StartAsync(services: TestUsers.Add, middleware: TestUsers.Use, map: e => e.RequireAuthorization("Trainers"));
        await OnlyTrainersReadAsync(host);
    }

    [Fact]
    public async Task ReadPolicy_closes_everything()
    {
        await using var host = await DashboardHost.StartAsync(o => o.ReadPolicy = "Trainers", TestUsers.Add, runs: Told.Training(1));
        await OnlyTrainersReadAsync(host);
        foreach (string path in Paths) Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync(path)).StatusCode);
        // The token presses buttons; it opens no door.
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.PostAsync("api/runs/live-tiny/pause", "Authorization", "Bearer " + DashboardHost.Token)).StatusCode);
    }

    [Fact]
    public async Task Refusals_do_not_fill_the_log()
    {
        await using var host = await DashboardHost.StartAsync(runs: Told.Training(1));
        for (int i = 0; i < 50; i++)
        {
            using var answer = await host.PostAsync("api/runs/live-tiny/stop", "Authorization", $"Bearer guess-{i}");
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
        Assert.Single(host.Log.Lines, l => l.Contains("Refused", StringComparison.Ordinal));
        Assert.All(host.Log.Lines, l => Assert.DoesNotContain("guess-", l, StringComparison.Ordinal));
    }

    private static async Task OnlyTrainersReadAsync(DashboardHost host)
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("api/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await host.GetAsync("api/runs", TestUsers.Header, "visitor")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("api/runs", TestUsers.Header, "trainer")).StatusCode);
    }
}
