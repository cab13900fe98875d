namespace AdaLoRA.Gen.Dashboard.Tests;

public sealed class PageTests
{
    [Fact]
    public async Task The_page_and_its_files_come_with_headers_that_bind_the_browser()
    {
        await using var host = await DashboardHost.StartAsync();
        foreach (string name in PageEndpoints.Names.Select(n => n == "index.html" ? "" : "assets/" + n))
        {
            using var answer = await host.GetAsync(name);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.NotEqual(0, answer.Content.Headers.ContentLength);
            Assert.NotEqual("application/octet-stream", answer.Content.Headers.ContentType!.MediaType);
            Assert.Equal("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
                Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
        }
        using var page = await host.GetAsync("");
        Assert.Equal("text/html; charset=utf-8", page.Content.Headers.ContentType!.ToString());
        Assert.Contains(PageEndpoints.Names, n => n.EndsWith(".js", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_page_holds_no_script_or_style_that_its_own_policy_forbids()
    {
        await using var host = await DashboardHost.StartAsync();
        string html = await host.Client.GetStringAsync("");
        Assert.DoesNotMatch("(?i)<script(?![^>]*\\bsrc=)", html);
        Assert.DoesNotMatch("(?i)<style|\\sstyle=|\\son[a-z]+=|javascript:", html);
        // Relative, so that it works below any prefix; and nothing from elsewhere.
        Assert.DoesNotMatch("(?i)(src|href)=\"(/|https?:)", html);
    }

    [Fact]
    public async Task What_the_browser_has_is_not_sent_again()
    {
        await using var host = await DashboardHost.StartAsync();
        using var first = await host.GetAsync("");
        string tag = first.Headers.ETag!.ToString();
        foreach (string known in (string[])[tag, "W/" + tag, "\"other\", " + tag, "*"])
        {
            using var second = await host.GetAsync("", "If-None-Match", known);
            Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
            Assert.Empty(await second.Content.ReadAsByteArrayAsync());
        }
        using var third = await host.GetAsync("", "If-None-Match", "\"other\"");
        Assert.Equal(HttpStatusCode.OK, third.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("api/runs")]
    [InlineData("api/session")]
    public async Task HEAD_is_GET_without_the_body(string path)
    {
        await using var host = await DashboardHost.StartAsync();
        using var get = await host.GetAsync(path);
        using var head = await host.SendAsync(HttpMethod.Head, path);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("/adalora", "adalora/")]
    [InlineData("/adalora?a=b", "adalora/?a=b")]
    public async Task Without_its_slash_the_page_is_elsewhere(string path, string location)
    {
        await using var host = await DashboardHost.StartAsync();
        using var answer = await host.GetAsync(path);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal(location, answer.Headers.Location!.OriginalString);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("")]
    [InlineData("/deep/below/")]
    public async Task It_can_be_mapped_anywhere(string prefix)
    {
        await using var host = await DashboardHost.StartAsync(prefix: prefix);
        string root = "/" + (prefix.Trim('/') is { Length: > 0 } p ? p + "/" : "");
        Assert.Contains("<html", await host.Client.GetStringAsync(root), StringComparison.Ordinal);
        Assert.Contains("\"runs\"", await host.Client.GetStringAsync(root + "api/runs"), StringComparison.Ordinal);
        Assert.Equal([new Uri(host.Address, root)], host.App.Services.GetRequiredService<DashboardLinks>().All());
    }

    [Theory]
    [InlineData("assets/none.js")]
    [InlineData("assets/")]
    [InlineData("assets/../index.html")]
    [InlineData("assets/..%2f..%2fetc%2fpasswd")]
    [InlineData("assets/%2e%2e/%2e%2e/appsettings.json")]
    [InlineData("assets/..%5cindex.html")]
    [InlineData("api/none")]
    public async Task What_is_not_there_is_404(string path)
    {
        await using var host = await DashboardHost.StartAsync();
        using var answer = await host.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task The_address_is_told_with_a_token_that_was_drawn_and_without_one_that_was_given()
    {
        await using var given = await DashboardHost.StartAsync();
        Assert.Equal([new Uri(given.Address, "/adalora/")], given.App.Services.GetRequiredService<DashboardLinks>().All());
        Assert.All(given.Log.Lines, l => Assert.DoesNotContain(DashboardHost.Token, l, StringComparison.Ordinal));

        await using var drawn = await DashboardHost.StartAsync(o => o.Token = null);
        await using var other = await DashboardHost.StartAsync(o => o.Token = null);
        var link = Assert.Single(drawn.App.Services.GetRequiredService<DashboardLinks>().All());
        Assert.StartsWith("#token=", link.Fragment, StringComparison.Ordinal);
        string token = link.Fragment["#token=".Length..];
        // 24 bytes in base64url.
        Assert.Matches("^[A-Za-z0-9_-]{32}$", token);
        Assert.NotEqual(link.Fragment, Assert.Single(other.App.Services.GetRequiredService<DashboardLinks>().All()).Fragment);
        Assert.Contains(drawn.Log.Lines, l => l.Contains(link.AbsoluteUri, StringComparison.Ordinal));
        Assert.Equal("{\"control\":\"allowed\"}", await (await drawn.GetAsync("api/session", "Authorization", "Bearer " + token)).Content.ReadAsStringAsync());
    }
}
