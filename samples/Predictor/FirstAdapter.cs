using AdaLoRA.Gen;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Models;
using IntentSample;

namespace PredictorSample;

/// <summary>What is served from a clean clone: an adapter that is trained in half a minute.</summary>
internal static class FirstAdapter
{
    /// <summary>Where <c>samples/IntentClassifier</c> leaves its adapter.</summary>
    public const string OfMainJob = "out/intent-classifier/adapter";

    /// <summary>The folder below which adapters may be swapped in.</summary>
    public const string Root = "out";

    private const string Output = Root + "/predictor";
    private const int Steps = 60;

    /// <summary>The folder of an adapter that is there, or is after training; null where that was interrupted.</summary>
    public static async Task<string?> FindOrTrainAsync(CancellationToken cancellationToken)
    {
        string own = Path.Combine(Output, "adapter");
        foreach (string folder in (string[])[OfMainJob, own])
        {
            if (File.Exists(Path.Combine(folder, "adapter_config.json"))) return folder;
        }
        // Standard output belongs to what was asked for (--json).
        await Console.Error.WriteLineAsync($"No adapter yet: training {Steps} steps into {Output}. (The main job, samples/IntentClassifier, trains a better one.)");
        int code = await TrainAsync(cancellationToken);
        return code switch
        {
            0 => own,
            TrainingService<IntentClassifier>.Interrupted => null,
            _ => throw new AdaLoRAException("The first training failed; its reason stands above."),
        };
    }

    private static async Task<int> TrainAsync(CancellationToken cancellationToken)
    {
        // Its appsettings.json, with the recipe of the main job, lies beside the program.
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        var data = IntentData.Read(Assets.Data);
        var encoder = BertModel.FromPretrained(Assets.Encoder);
        builder.Services.AddSingleton(data with { Test = [.. data.Test.Where((_, i) => i % 10 == 0)] }).AddSingleton(WordPieceTokenizer.FromFolder(Assets.Encoder, encoder.Config));
        builder.Services.AddAdaLoRA<IntentClassifier>(o => (o.Steps, o.OutputFolder, o.EvaluateAtStart) = (Steps, Output, false))
            .UseModel(_ => new IntentClassifier(encoder, data.Intents.Count))
            .UseTask<IntentTask>();
        using var host = builder.Build();
        return await host.RunTrainingAsync(cancellationToken);
    }
}
