using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests.Signals;

/// <summary>A hosted run that is told to end (SIGTERM: a container is stopped, a machine shuts down) loses nothing, and the next start goes on to the same adapter, bit for bit.</summary>
public sealed class SigTermTests(SigTermTests.Undisturbed undisturbed) : IClassFixture<SigTermTests.Undisturbed>
{
    private const int Interrupted = 130;

    [UnixTheory]
    [InlineData("first preparing", 0)]
    [InlineData("first attempt 1", 1)]
    [InlineData("first attempt 33", 33)]
    [InlineData("first evaluating", 20)]
    [InlineData("second preparing", 0)]
    [InlineData("second attempt 50", 50)]
    public void It_ends_in_time_with_a_complete_checkpoint_and_the_next_start_goes_on(string moment, int step)
    {
        using var folder = new TemporaryFolder();
        string run = moment.Split(' ')[0];
        Ended(HostedProcess.Run(folder.Path, moment));
        // The step under way is finished; where the process was slow to hear, a few more.
        var store = new CheckpointStore(folder.File(run));
        var newest = store.NewestComplete(s => Assert.Fail(s.Reason));
        if (step == 0) Assert.Null(newest);
        else Assert.InRange(newest!.Value.State.Step, step, step + 10);
        if (run == "first") Assert.False(Directory.Exists(folder.File("second")), "The run in the queue left a trace.");
        Resumed(folder);
    }

    [UnixFact]
    public void A_second_signal_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        Ended(HostedProcess.Run(folder.Path, "first attempt 10", times: 3));
        Assert.NotNull(new CheckpointStore(folder.File("first")).NewestComplete(s => Assert.Fail(s.Reason)));
        Resumed(folder);
    }

    [UnixFact]
    public void It_reaches_a_paused_run()
    {
        using var folder = new TemporaryFolder();
        Ended(HostedProcess.Run(folder.Path, "paused", 1, "--pause-at", "12"));
        Assert.Equal(12, new CheckpointStore(folder.File("first")).NewestComplete(s => Assert.Fail(s.Reason))!.Value.State.Step);
        Resumed(folder);
    }

    [UnixFact]
    public void Again_and_again()
    {
        using var folder = new TemporaryFolder();
        int starts = 0, exitCode;
        do
        {
            Assert.True(++starts < 10, "It does not get on.");
            var outcome = HostedProcess.Run(folder.Path, starts % 2 == 1 ? "first attempt 25" : "second attempt 35");
            exitCode = outcome.ExitCode;
            if (exitCode != 0) Ended(outcome);
        }
        while (exitCode != 0);
        Assert.True(starts > 2);
        Same(folder);
    }

    private static void Ended(HostedProcess.Outcome outcome)
    {
        Assert.Equal("", outcome.Error);
        Assert.Equal(Interrupted, outcome.ExitCode);
        Assert.InRange(outcome.AfterSignal, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(HostedProgram.ShutdownTimeout));
    }

    private void Resumed(TemporaryFolder folder)
    {
        var outcome = HostedProcess.Run(folder.Path);
        Assert.Equal(("", 0), (outcome.Error, outcome.ExitCode));
        Same(folder);
    }

    private void Same(TemporaryFolder folder)
    {
        foreach (string run in (string[])["first", "second"])
        {
            foreach (string adapter in (string[])["adapter", "best"]) Assert.Equal(undisturbed.Bytes[$"{run}/{adapter}"], Runs.Bytes(folder.File($"{run}/{adapter}")));
        }
        Runs.AssertNoTemporaryFiles(folder);
    }

    /// <summary>What a run leaves that nobody interrupts.</summary>
    public sealed class Undisturbed
    {
        public Undisturbed()
        {
            if (OperatingSystem.IsWindows()) return;
            using var folder = new TemporaryFolder();
            var outcome = HostedProcess.Run(folder.Path);
            Assert.Equal(("", 0), (outcome.Error, outcome.ExitCode));
            foreach (string run in (string[])["first/adapter", "first/best", "second/adapter", "second/best"]) Bytes[run] = Runs.Bytes(folder.File(run));
            Assert.NotEqual(Bytes["first/adapter"], Bytes["second/adapter"]);
        }

        internal Dictionary<string, byte[]> Bytes { get; } = [];
    }

    private sealed class UnixTheoryAttribute : TheoryAttribute
    {
        public UnixTheoryAttribute() => Skip = OperatingSystem.IsWindows() ? "Windows has no SIGTERM." : null;
    }

    private sealed class UnixFactAttribute : FactAttribute
    {
        public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "Windows has no SIGTERM." : null;
    }
}
