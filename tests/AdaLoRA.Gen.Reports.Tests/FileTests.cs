using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Testing;
using static AdaLoRA.Gen.Reports.Tests.Histories;

namespace AdaLoRA.Gen.Reports.Tests;

public sealed class FileTests
{
    private const string Run = "20260301-120000-abcd";

    [Fact]
    public void The_same_history_gives_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        RunReport.Write(Whole(), folder.File("a"));
        RunReport.Write(Whole(), folder.File("b"));
        string[] files = [.. Names(folder.File("a"))];
        Assert.Equal(20, files.Length);
        Assert.Equal(files, Names(folder.File("b")));
        Assert.All(files, f => Assert.Equal(File.ReadAllBytes(Path.Combine(folder.File("a"), f)), File.ReadAllBytes(Path.Combine(folder.File("b"), f))));
    }

    [Fact]
    public void A_report_says_what_it_wrote()
    {
        using var folder = new TemporaryFolder();
        var files = RunReport.Write(Whole(), folder.Path);
        Assert.Null(files.Missing);
        Assert.Equal(folder.File("report.html"), files.Page);
        Assert.Equal(RunReport.PageOf(folder.Path), files.Page);
        Assert.Equal(Path.Combine(folder.Path, "reports", Run), files.Folder);
        string[] expected = ["rank-map", "importance", "loss", "evaluation", "budget", "learning-rate", "gradient-norm", "throughput", "memory"];
        Assert.Equal(expected.SelectMany(n => new[] { n + ".svg", n + ".png" }), files.Pictures);
        Assert.Equal(files.Pictures.Append("report.html").Order(StringComparer.Ordinal), Directory.GetFiles(files.Folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.Equal(RunReport.ToHtml(Whole()), File.ReadAllText(files.Page));
        Assert.Equal(File.ReadAllBytes(files.Page), File.ReadAllBytes(Path.Combine(files.Folder, "report.html")));
    }

    [Fact]
    public void A_log_gives_the_report_of_the_live_run()
    {
        using var folder = new TemporaryFolder();
        using (var log = new RunLog(folder.Path, Run))
        {
            foreach (var e in Whole().Events) log.Write(e);
        }
        Assert.Equal(RunReport.ToHtml(Whole()), RunReport.ToHtml(RunHistory.Read(RunLog.PathOf(folder.Path, Run))));
    }

    [Fact]
    public void Runs_in_one_folder_keep_their_own_pictures_and_the_page_is_the_last_ones()
    {
        using var folder = new TemporaryFolder();
        RunReport.Write(Whole(), folder.Path);
        byte[] first = File.ReadAllBytes(Path.Combine(folder.Path, "reports", Run, "loss.svg"));
        RunReport.Write(Of(Start() with { Run = "20260302-000000-ffff" }, Loss(10, 9)), folder.Path);
        Assert.Equal(first, File.ReadAllBytes(Path.Combine(folder.Path, "reports", Run, "loss.svg")));
        Assert.False(File.Exists(Path.Combine(folder.Path, "reports", "20260302-000000-ffff", "evaluation.svg")));
        Assert.Contains("20260302-000000-ffff", File.ReadAllText(folder.File("report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_that_a_run_no_longer_has_is_gone()
    {
        using var folder = new TemporaryFolder();
        RunReport.Write(Whole(), folder.Path);
        File.WriteAllText(Path.Combine(folder.Path, "reports", Run, "notes.txt"), "mine");
        RunReport.Write(Of(Start(), Loss(10, 1)), folder.Path);
        string[] left = [.. Directory.GetFiles(Path.Combine(folder.Path, "reports", Run)).Select(f => Path.GetFileName(f)!)];
        Assert.DoesNotContain("evaluation.svg", left);
        Assert.DoesNotContain("importance.png", left);
        Assert.Contains("loss.png", left);
        Assert.Contains("notes.txt", left);
    }

    [Fact]
    public void What_fails_leaves_the_report_that_was_there()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("report.html"), "old");
        File.WriteAllText(folder.File("reports"), "a file where a folder must be");
        var e = Assert.Throws<AdaLoRAException>(() => RunReport.Write(Whole(), folder.Path));
        Assert.StartsWith($"The report cannot be written to '{folder.Path}': ", e.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(folder.File("report.html")));
        Assert.Equal(["report.html", "reports"], Names(folder.Path));
    }

    [Fact]
    public void What_a_killed_process_left_is_removed()
    {
        using var folder = new TemporaryFolder();
        RunReport.Write(Whole(), folder.Path);
        Directory.CreateDirectory(Path.Combine(folder.Path, "reports", Run, $".{Run}.1-2.tmp"));
        File.WriteAllText(folder.File(".report.html.3.tmp"), "half");
        var before = Names(folder.Path).Count();
        RunReport.RemoveLeftovers(folder.Path, Run);
        Assert.Equal(before - 1, Names(folder.Path).Count());
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "reports", Run, $".{Run}.1-2.tmp")));
    }

    [Theory]
    [InlineData("../../elsewhere")]
    [InlineData("..")]
    [InlineData("/tmp/elsewhere")]
    [InlineData("C:\\x")]
    [InlineData("")]
    public void The_name_of_a_run_does_not_lead_out_of_its_folder(string run)
    {
        using var folder = new TemporaryFolder();
        var files = RunReport.Write(Of(Start() with { Run = run }, Loss(10, 1)), folder.File("out"));
        Assert.Equal(folder.File("out/reports"), Path.GetDirectoryName(files.Folder));
        Assert.All(Directory.GetFileSystemEntries(folder.Path), e => Assert.Equal(folder.File("out"), e));
    }

    [Fact]
    public async Task A_history_may_grow_while_its_report_is_written()
    {
        var history = Of(Start(), Loss(1, 1));
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(() =>
        {
            for (int step = 2; !stop.IsCancellationRequested; step++) history.Add(Loss(step, 1));
        });
        for (int i = 0; i < 20; i++) Assert.Contains("Training loss", RunReport.ToHtml(history), StringComparison.Ordinal);
        await stop.CancelAsync();
        await writer;
    }

    private static IEnumerable<string> Names(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal);
}
