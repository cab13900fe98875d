using System.CommandLine;

namespace AdaLoRA.Gen.Conformance.Killing;

/// <summary><c>kill</c>: sudden death at random moments.</summary>
internal static class KillCommand
{
    public static Command Create(ReportFormat format)
    {
        var times = new Option<int>("--times") { Description = "Kills in total.", DefaultValueFactory = _ => 200 };
        var seed = new Option<int>("--seed") { Description = "Seed of the moments, and of the first run.", DefaultValueFactory = _ => 1 };
        times.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() < 1) r.AddError("--times must be at least 1.");
        });
        var command = new Command("kill", "Trains in a child process, kills it with SIGKILL at random moments and starts it again. Each restart must go on from the newest checkpoint, and in the end the adapters must equal those of an undisturbed run byte for byte.") { times, seed };
        command.SetAction(arguments =>
        {
            if (OperatingSystem.IsWindows()) throw new AdaLoRAException("kill needs SIGKILL; run it on Linux or macOS.");
            return format.Print(arguments, Run(arguments.GetValue(times), arguments.GetValue(seed)));
        });
        return command;
    }

    /// <summary>Kills of one run at most: the later ones all fall between the last checkpoint and the end.</summary>
    private const int MostOfARun = 8;

    /// <summary>Runs until so many kills are done; a result a run, and one of all.</summary>
    /// <param name="times">Kills in total.</param>
    /// <param name="seed">Seed of the moments, and of the first run; the next has the next seed.</param>
    /// <param name="tampering">For tests that must see a failure.</param>
    public static IEnumerable<CaseResult> Run(int times, int seed, Tampering? tampering = null)
    {
        var moments = new Random(seed);
        var progress = new Progress();
        int kills = 0, runs = 0, failed = 0;
        while (kills < times)
        {
            var folder = Directory.CreateTempSubdirectory("adalora-kill-");
            CaseResult result;
            try
            {
                var run = new KillRun(folder.FullName, seed + runs, moments) { Tampering = tampering };
                result = run.Run(Math.Min(times - kills, MostOfARun), done => progress.Report(() => $"kill: {kills + done} of {times}, run {runs + 1}"));
                kills += run.Kills;
            }
            finally
            {
                folder.Delete(recursive: true);
            }
            runs++;
            if (!result.Ok) failed++;
            yield return result;
            // A run that cannot go on would fail for ever without being killed.
            if (!result.Ok) break;
        }
        yield return new CaseResult("kill", failed == 0, 0, "", $"{kills} kills in {runs} runs, {failed} runs failed");
    }
}
