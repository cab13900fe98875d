using System.Diagnostics;
using System.Text.Json;
using AdaLoRA.Gen;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Reports;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Spectre.Console;
using static TorchSharp.torch;

namespace IntentSample.Commands;

/// <summary><c>train</c>: fine-tunes the encoder in a hosted app, as a .NET team would.</summary>
internal static class TrainCommand
{
    public static async Task<int> RunAsync(TrainSettings settings, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        var data = IntentData.Read(settings.Data);
        var encoder = BertModel.FromPretrained(Assets.Encoder);
        var model = Build(encoder, data, settings.Seed ?? builder.Configuration.GetValue<int>("AdaLoRA:IntentClassifier:Seed"));
        // Before the host starts: a wrong pattern is one sentence here.
        if (settings.Targets.Count > 0) AdapterSet.FindTargets(model, settings.Targets);

        builder.Services.AddSingleton(data).AddSingleton(WordPieceTokenizer.FromFolder(Assets.Encoder, encoder.Config));
        builder.Services.AddAdaLoRA<IntentClassifier>(options => settings.Apply(options, model))
            .UseModel(_ => model)
            .UseTask<IntentTask>()
            .AddReport();
        using var host = builder.Build();
        var service = host.Services.GetRequiredService<TrainingService<IntentClassifier>>();
        int exitCode = await host.RunTrainingAsync(cancellationToken).ConfigureAwait(false);
        if (service.Result is not { } result) return exitCode == 0 ? 1 : exitCode;

        SavedClassifier.SaveIntents(result.AdapterFolder, data.Intents);
        Report(result, settings, clock.Elapsed.TotalSeconds);
        return exitCode;
    }

    /// <summary>A fresh head on the encoder, the same for the same seed.</summary>
    private static IntentClassifier Build(BertModel encoder, IntentData data, int seed)
    {
        using var seeded = manual_seed(seed);
        return new IntentClassifier(encoder, data.Intents.Count);
    }

    private static void Report(TrainingResult result, TrainSettings settings, double seconds)
    {
        double? before = result.Evaluations.FirstOrDefault(e => e.Step == 0)?.Evaluation.Value, after = result.Final?.Value;
        if (!settings.Json)
        {
            AnsiConsole.MarkupLineInterpolated($"accuracy before {before:0.0000}, after [bold]{after:0.0000}[/]; {result.Steps} steps, {seconds:0} s, {result.SamplesPerSecond:0} samples/s");
            // Plain: a terminal's width must not break a command that is there to be copied.
            string report = RunReport.PageOf(Path.GetDirectoryName(result.AdapterFolder)!);
            if (File.Exists(report)) Console.WriteLine($"report: {report}");
            Console.WriteLine($"saved in {result.AdapterFolder}; ask it:");
            Console.WriteLine("dotnet run -c Release --project samples/IntentClassifier -- predict \"my card was stolen\"");
            return;
        }
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["accuracy_before"] = before,
            ["accuracy_after"] = after,
            ["steps"] = result.Steps,
            ["seconds"] = Math.Round(seconds, 2),
            ["training_seconds"] = Math.Round(result.Seconds, 2),
            ["samples_per_second"] = Math.Round(result.SamplesPerSecond, 2),
            ["ranks"] = result.Ranks,
            ["trainable_parameters"] = result.TrainableParameters,
            ["cross_entropy"] = result.Final?.Further.GetValueOrDefault("cross_entropy"),
            ["interrupted"] = result.Interrupted,
            ["folder"] = result.AdapterFolder,
        }));
    }
}
