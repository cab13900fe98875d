using AdaLoRA.Gen.Testing;
using Spectre.Console;
using Spectre.Console.Testing;

namespace AdaLoRA.Gen.Hosting.Tests;

public class ConsoleProgressTests
{
    [Fact]
    public void Redirected_output_is_one_line_every_LogEvery_steps()
    {
        using var folder = new TemporaryFolder();
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, Interactive = InteractionSupport.No });
        Runs.Run(Runs.Options(folder.Path, o => (o.Progress, o.EvaluateEvery, o.EvaluateAtStart, o.CheckpointEvery) = (ProgressMode.Auto, 20, true, 20)), null, default, new ConsoleProgress(console));
        string[] lines = text.ToString().ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("TinyModel on cpu, 1 thread: 40 steps, 2 adapters, 8 triplets, ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("before training: error ", lines[1], StringComparison.Ordinal);
        Assert.Equal(["step 10/40", "step 20/40", "step 30/40", "step 40/40"], lines.Where(l => l.Contains("  loss ", StringComparison.Ordinal)).Select(l => l.Split("  ")[0]));
        Assert.Matches(@"^step 20/40  loss \d+\.\d{4}  lr 1\.05e-2  budget \d+  [\d.]+ ex/s  eta [\d.]+s$", lines.Single(l => l.StartsWith("step 20/40", StringComparison.Ordinal)));
        Assert.Contains(lines, l => l.StartsWith("step 40: error ", StringComparison.Ordinal) && l.EndsWith("(best)", StringComparison.Ordinal) && l.Contains("  root ", StringComparison.Ordinal));
        Assert.Contains($"step 20: checkpoint {folder.File("checkpoints/step-20")}", lines);
        Assert.Contains(lines, l => l.Contains("4 of 8 triplets live", StringComparison.Ordinal));
        Assert.Equal($"adapter: {folder.File("adapter")}", lines[^1]);
        Assert.DoesNotContain('\u001b', text.ToString());
    }

    [Fact]
    public void An_interrupted_run_says_where_to_go_on()
    {
        using var folder = new TemporaryFolder();
        using var console = new TestConsole();
        using var stop = new CancellationTokenSource();
        Runs.Run(Runs.Options(folder.Path, o => o.Progress = ProgressMode.Plain), null, stop.Token, new Runs.StopAt(7, stop), new ConsoleProgress(console));
        Assert.Contains("interrupted at step 7 of 40", console.Output, StringComparison.Ordinal);
        Assert.Contains($"checkpoint: {folder.File("checkpoints/step-7")} (the next start goes on from it)", console.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_budget_of_parameters_says_so()
    {
        using var folder = new TemporaryFolder();
        using var console = new TestConsole().Width(200);
        // A triplet costs 8 + 16 + 1 or 16 + 16 + 1 parameters; 4 × 58 are there.
        Runs.Run(Runs.Options(folder.Path, o => (o.Progress, o.Adapter.BudgetUnit, o.Adapter.Budget) = (ProgressMode.Plain, BudgetUnit.Parameters, 100)), null, default, new ConsoleProgress(console));
        Assert.Contains("  budget 100 parameters  ", console.Output, StringComparison.Ordinal);
        var map = System.Text.RegularExpressions.Regex.Match(console.Output, @"(\d) of 8 triplets live:\s+(\d+)\s+parameters of a\s+budget of\s+100");
        Assert.True(map.Success, console.Output);
        Assert.InRange(int.Parse(map.Groups[2].Value), 100 - 32, 100);
    }

    [Fact]
    public void Every_skipped_step_is_a_line()
    {
        using var folder = new TemporaryFolder();
        using var console = new TestConsole().Width(200);
        Runs.Run(Runs.Options(folder.Path, o => o.Progress = ProgressMode.Plain), new PoisonedTask(4, 5, 9), default, new ConsoleProgress(console));
        string[] lines = [.. console.Output.Split('\n').Where(l => l.Contains("was skipped", StringComparison.Ordinal)).Select(l => l.Trim())];
        Assert.Equal(
            ["step 4/40: a step was skipped, a gradient was not finite (1 in a row, 1 in all)", "step 4/40: a step was skipped, a gradient was not finite (2 in a row, 2 in all)", "step 7/40: a step was skipped, a gradient was not finite (1 in a row, 3 in all)"], lines);
    }

    [Fact]
    public void Off_says_nothing()
    {
        using var folder = new TemporaryFolder();
        using var console = new TestConsole();
        Runs.Run(Runs.Options(folder.Path), null, default, new ConsoleProgress(console));
        Assert.Empty(console.Output);
    }

    [Fact]
    public void A_terminal_gets_a_live_bar_that_ends_with_the_run()
    {
        using var folder = new TemporaryFolder();
        using var console = new TestConsole().Interactive().Width(160);
        console.Profile.Out = new Terminal(console.Profile.Out);
        var task = new TinyTask { Training = (_, _, _) => Thread.Sleep(20) };
        Runs.Run(Runs.Options(folder.Path, o => (o.Progress, o.EvaluateEvery) = (ProgressMode.Auto, 20)), task, default, new ConsoleProgress(console));
        Assert.Matches(@"step \d+/40 .* loss \d\.\d{4}  lr .*  budget 4", console.Output);
        Assert.Contains("eta", console.Output, StringComparison.Ordinal);
        Assert.Contains("step 20: error", console.Output, StringComparison.Ordinal);
        Assert.Contains("triplets live", console.Output, StringComparison.Ordinal);
        // The console is free again: a second live display would be refused otherwise.
        console.Progress().Start(_ => { });
    }

    [Fact]
    public void A_failed_run_frees_the_terminal()
    {
        using var folder = new TemporaryFolder();
        using var console = new TestConsole().Interactive();
        console.Profile.Out = new Terminal(console.Profile.Out);
        var task = new TinyTask { Training = (_, epoch, _) => { if (epoch == 1) throw new InvalidDataException("torn"); } };
        Assert.Throws<InvalidDataException>(() => Runs.Run(Runs.Options(folder.Path, o => o.Progress = ProgressMode.Auto), task, default, new ConsoleProgress(console)));
        console.Progress().Start(_ => { });
    }

    [Theory]
    [InlineData("encoder.layer.3.attention.self.query", "encoder.layer.*.attention.self.query", 3)]
    [InlineData("blocks.1.experts.0.up", "blocks.*.experts.0.up", 1)]
    [InlineData("pooler.dense", "pooler.dense", -1)]
    public void The_rank_map_groups_by_the_first_index(string path, string kind, int index) => Assert.Equal((kind, index), RankMap.Split(path));

    private sealed class Terminal(IAnsiConsoleOutput inner) : IAnsiConsoleOutput
    {
        public TextWriter Writer => inner.Writer;

        public bool IsTerminal => true;

        public int Width => 160;

        public int Height => 40;

        public void SetEncoding(System.Text.Encoding encoding) { }
    }
}
