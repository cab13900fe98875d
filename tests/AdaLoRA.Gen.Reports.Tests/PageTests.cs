using System.Globalization;
using AdaLoRA.Gen.Hosting;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using static AdaLoRA.Gen.Reports.Tests.Histories;

namespace AdaLoRA.Gen.Reports.Tests;

public sealed class PageTests
{
    public static TheoryData<string> Cases => [.. EdgeCases.All.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_run_has_a_page_that_is_whole_needs_nothing_and_tells_all_to_those_who_cannot_see(string name)
    {
        var page = Parse(RunReport.ToHtml(EdgeCases.All[name]()));
        Assert.Equal("en", page.DocumentElement.GetAttribute("lang"));
        Assert.Single(page.QuerySelectorAll("h1"));
        Assert.NotNull(page.QuerySelector("main"));

        // No network, no script.
        Assert.Empty(page.QuerySelectorAll("script, link, img, iframe, object, embed, form, base, style[src], image, use, foreignObject"));
        Assert.Equal("https://arxiv.org/abs/2303.10512", Assert.Single(page.QuerySelectorAll("[href], [src], [xlink\\:href]")).GetAttribute("href"));
        string css = string.Concat(page.QuerySelectorAll("style").Select(s => s.TextContent));
        Assert.DoesNotContain("url(", css, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", css, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(page.All, e => e.Attributes.Any(a => a.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase)));
        Assert.StartsWith("default-src 'none'", page.QuerySelector("meta[http-equiv=Content-Security-Policy]")!.GetAttribute("content"), StringComparison.Ordinal);

        // Pictures speak, tables have heads, what scrolls can be reached by key.
        Assert.All(page.QuerySelectorAll("svg"), s => Assert.True(s.GetAttribute("role") == "img" && s.GetAttribute("aria-label")!.Length > 20));
        Assert.All(page.QuerySelectorAll("th"), h => Assert.Contains(h.GetAttribute("scope"), new[] { "col", "row" }));
        Assert.All(page.QuerySelectorAll("table"), t => Assert.NotEmpty(t.QuerySelectorAll("thead th[scope=col]")));
        Assert.All(page.QuerySelectorAll(".scroll, .wide, pre"), s => Assert.Equal("0", s.GetAttribute("tabindex")));
        Assert.All(page.QuerySelectorAll("section"), s => Assert.True(s.HasAttribute("aria-label") || page.GetElementById(s.GetAttribute("aria-labelledby")!) is not null));
        Assert.Equal(page.QuerySelectorAll("[id]").Length, page.QuerySelectorAll("[id]").Select(e => e.Id).Distinct().Count());
        Assert.DoesNotContain(page.QuerySelectorAll("svg *"), e => e.Attributes.Any(a => a.Name is not "class" && (a.Value.Contains("NaN", StringComparison.Ordinal) || a.Value.Contains("Infinity", StringComparison.Ordinal))));
    }

    [Fact]
    public void Key_figures_are_the_numbers_of_the_events()
    {
        var history = Whole();
        var figures = Figures(Parse(RunReport.ToHtml(history)));
        Assert.Equal(history.Of<EvaluationRead>()[^1].Value, figures["final accuracy"].Value);
        Assert.Equal("before training 0.125", figures["final accuracy"].More);
        Assert.Equal(0.90625, figures["best accuracy"].Value);
        Assert.Equal("at step 80", figures["best accuracy"].More);
        Assert.Equal(history.Of<LossRead>()[^1].Loss, figures["last training loss"].Value);
        Assert.Equal(100, figures["steps"].Value);
        Assert.Equal(38.25, figures["examples per second"].Value);
        Assert.Equal(45678, figures["trained parameters"].Value);
        Assert.Equal(history.Of<RanksRead>()[^1].Ranks.Sum(), figures["live triplets"].Value);
        Assert.Equal("of 100 at the start", figures["live triplets"].More);
        Assert.Equal("1 min 24 s", figures["time in steps"].Text);
        Assert.Equal("1.23 GB", figures["peak memory"].Text);
    }

    [Fact]
    public void Of_a_metric_that_is_to_fall_the_lowest_is_the_best_and_step_0_never_is()
    {
        var figures = Figures(Parse(RunReport.ToHtml(Of(Start(), Evaluation(0, 0.01, "error", false), Evaluation(10, 0.5, "error", false), Evaluation(20, 0.25, "error", false), Evaluation(30, 0.75, "error", false)))));
        Assert.Equal(0.25, figures["best error"].Value);
        Assert.Equal(0.75, figures["error at step 30"].Value);
    }

    [Fact]
    public void Every_evaluation_stands_in_the_table_with_all_its_numbers()
    {
        var history = Whole();
        var rows = Parse(RunReport.ToHtml(history)).QuerySelectorAll(".evaluations tbody tr").Select(r => r.QuerySelectorAll("data").Select(Exact).ToArray()).ToList();
        Assert.Equal(history.Of<EvaluationRead>().Select(e => new[] { e.Value, e.Further["cross_entropy"] }), rows);
    }

    [Fact]
    public void Every_adapter_stands_in_the_table_and_in_the_map_with_its_rank()
    {
        var history = Whole();
        var page = Parse(RunReport.ToHtml(history));
        var ranks = history.Of<RanksRead>()[^1].Ranks;
        var targets = history.Started!.Targets;
        var rows = page.QuerySelectorAll(".ranks table tbody tr").Select(r => (r.Children[0].TextContent, r.Children[3].TextContent)).ToList();
        Assert.Equal(targets.Zip(ranks, (t, r) => (t.Path, r.ToString(CultureInfo.InvariantCulture))), rows);
        var tips = page.QuerySelectorAll(".wide svg rect title").Select(t => t.TextContent);
        Assert.Equal(targets.Zip(ranks, (t, r) => $"{t.Path}: rank {r} of {t.InitialRank}"), tips);
    }

    [Fact]
    public void What_users_wrote_stays_text_everywhere()
    {
        // Control characters, half a surrogate pair, and the order to write from right to left.
        const string shown = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;<![CDATA[ ]]>\ufffd\ufffd\ufffd λ 日本 😀 \ufffd";
        var page = Parse(RunReport.ToHtml(EdgeCases.All["payloads"]()));
        Assert.Equal(shown, page.QuerySelector("h1")!.TextContent);
        Assert.EndsWith(shown, page.QuerySelector(".outcome")!.TextContent, StringComparison.Ordinal);
        Assert.Equal(shown, page.QuerySelector(".ranks tbody th")!.TextContent);
        // Notice, checkpoint, resumption, failure.
        Assert.Equal(4, page.QuerySelectorAll(".happened td:last-child").Count(c => c.TextContent.EndsWith(shown, StringComparison.Ordinal)));
        Assert.Equal(2, page.QuerySelectorAll(".pairs dt").Count(d => d.TextContent == shown));
        Assert.Contains(page.QuerySelectorAll(".options tbody th"), h => h.TextContent == shown);
        Assert.Contains(page.QuerySelectorAll(".evaluations thead th"), h => h.TextContent == shown);
        Assert.Empty(page.QuerySelectorAll("script, img"));
    }

    [Fact]
    public void The_outcome_is_told_in_words()
    {
        Assert.Equal("Finished after 100 steps.", Outcome(Whole()));
        Assert.Equal("Interrupted at step 20 of 100; with Resume it goes on from there.", Outcome(EdgeCases.All["interrupted"]()));
        Assert.Equal("Failed at step 0 of 100: AdaLoRAException: no data", Outcome(EdgeCases.All["failed at step 0"]()));
        Assert.Equal("Not ended The log stops at step 10 of 100: the run goes on, or its process was killed.", Outcome(EdgeCases.All["one loss"]()));
    }

    [Fact]
    public void A_resumed_run_counts_the_time_of_its_processes_and_marks_where_it_went_on()
    {
        var start = Start();
        var page = Parse(RunReport.ToHtml(Of(
            start with { Time = Noon }, Loss(10, 1) with { Time = Noon.AddSeconds(30) },
            Start(at: 10, resumedFrom: "/out/checkpoints/step-10") with { Time = Noon.AddHours(5) }, Loss(20, 1) with { Time = Noon.AddHours(5).AddSeconds(12) })));
        Assert.Equal("42.0 s", Figures(page)["time"].Text);
        Assert.Contains(page.QuerySelectorAll(".curves svg text title"), t => t.TextContent == "resumed at step 10");
        Assert.Contains(page.QuerySelectorAll(".pairs dd"), d => d.TextContent == "at step 10");
    }

    [Fact]
    public void Options_that_differ_from_their_defaults_come_first()
    {
        var page = Parse(RunReport.ToHtml(Whole()));
        Assert.Equal(["Adapter:Budget", "Adapter:Targets", "LearningRate", "Seed", "Steps"], page.QuerySelectorAll(".options tbody th").Select(h => h.TextContent));
        Assert.Contains("BatchSize", page.QuerySelector(".card details")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_very_many_events_the_last_are_shown_and_the_others_counted()
    {
        var page = Parse(RunReport.ToHtml(Of([Start(), .. Enumerable.Range(1, 300).Select(i => new RunNotice { Step = i, Text = $"notice {i}" })])));
        var rows = page.QuerySelectorAll(".happened tbody tr");
        Assert.Equal(200, rows.Length);
        Assert.EndsWith("notice 300", rows[^1].TextContent.Trim(), StringComparison.Ordinal);
        Assert.Contains("101 earlier events", page.QuerySelector(".events p")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_has_not_started_has_no_report()
    {
        var e = Assert.Throws<AdaLoRAException>(() => RunReport.ToHtml(Of(End(RunState.Failed, 0, "no model"))));
        Assert.Contains("has not started", e.Message, StringComparison.Ordinal);
    }

    private static string Outcome(RunHistory history) => Parse(RunReport.ToHtml(history)).QuerySelector(".outcome")!.TextContent;

    private static IHtmlDocument Parse(string html)
    {
        var errors = new List<string>();
        var parser = new HtmlParser(new HtmlParserOptions { IsStrictMode = false });
        parser.Error += (_, e) => errors.Add(((AngleSharp.Html.Dom.Events.HtmlErrorEvent)e).Message);
        var page = parser.ParseDocument(html);
        Assert.Empty(errors);
        return page;
    }

    private static double Exact(IElement data) => double.Parse(data.GetAttribute("value")!, CultureInfo.InvariantCulture);

    private static Dictionary<string, (double? Value, string Text, string More)> Figures(IHtmlDocument page) => page.QuerySelectorAll(".figures > div").ToDictionary(
        d => d.QuerySelector("dt")!.TextContent,
        d => (d.QuerySelector("data") is { } data ? Exact(data) : (double?)null, d.QuerySelector("dd")!.TextContent, d.QuerySelector(".more")?.TextContent ?? ""));
}
