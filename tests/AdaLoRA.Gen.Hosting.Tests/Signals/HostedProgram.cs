using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Hosting.Tests.Signals;

/// <summary>
/// The test assembly as a hosted program, run by <see cref="HostedProcess"/>: <c>dotnet exec AdaLoRA.Gen.Hosting.Tests.dll FOLDER [--pause-at N]</c> trains two runs one after another, and tells on a line each what it is doing.
/// </summary>
internal static class HostedProgram
{
    /// <summary>What a host that is told nothing else would have, in seconds.</summary>
    public const int ShutdownTimeout = 15;

    private static async Task<int> Main(string[] args)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(ShutdownTimeout));
        foreach (string name in (string[])["first", "second"])
        {
            builder.Services.AddAdaLoRA<TinyModel>(name, o =>
            {
                Configure(o, Path.Combine(args[0], name));
                o.Seed = name.Length;
            }).UseTask(_ => new ToldTask(name));
        }
        var pause = new Pauser(args is [_, "--pause-at", var step] ? int.Parse(step, System.Globalization.CultureInfo.InvariantCulture) : -1);
        builder.Services.AddSingleton<ITrainingObserver>(pause);
        using var host = builder.Build();
        pause.Run = host.Services.GetRequiredService<TrainingRuns>()[0];
        return await host.RunTrainingAsync();
    }

    // Dropout, accumulation, several epochs and evaluations: what a resumed run could get wrong.
    private static void Configure(TrainingOptions o, string folder)
    {
        (o.Steps, o.BatchSize, o.GradientAccumulation, o.LearningRate, o.EvaluateEvery, o.KeepBest) = (60, 10, 2, 0.02, 20, true);
        (o.OutputFolder, o.Threads, o.Progress) = (folder, 1, ProgressMode.Off);
    }

    /// <summary>A line of its own, at once: another process waits for it.</summary>
    private static void Tell(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }

    private sealed class ToldTask(string name) : TinyTask
    {
        public override void Prepare(TinyModel model, TrainingContext context)
        {
            Tell($"{name} preparing");
            Thread.Sleep(200);
            base.Prepare(model, context);
            int attempts = 0;
            // The discarded batch comes before all others.
            Training = (_, _, _) =>
            {
                if (attempts++ % context.Options.GradientAccumulation == 1) Tell($"{name} attempt {attempts / context.Options.GradientAccumulation}");
                Thread.Sleep(2);
            };
        }

        public override Evaluation Evaluate(TinyModel model, CancellationToken cancellationToken)
        {
            Tell($"{name} evaluating");
            // As one that takes a while, and looks at the token between two batches.
            for (int i = 0; i < 20; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Thread.Sleep(10);
            }
            return base.Evaluate(model, cancellationToken);
        }
    }

    private sealed class Pauser(int step) : ITrainingObserver
    {
        public TrainingRun Run { get; set; } = null!;

        public void OnStep(in StepCompleted e)
        {
            if (e.Step == step) Run.Pause();
        }

        public void OnPaused(int stepsDone) => Tell("paused");
    }
}
