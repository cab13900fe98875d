using System.Diagnostics;
using System.Text.Json;
using Spectre.Console;
using static TorchSharp.torch;

namespace IntentSample.Commands;

/// <summary><c>predict</c> and <c>evaluate</c>: what one does with a trained adapter.</summary>
internal static class AskCommands
{
    private const int Shown = 3;

    public static int Predict(string text, string output, bool json)
    {
        using var saved = SavedClassifier.Load(output);
        var best = saved.Predict(text, Shown);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
            {
                ["text"] = text,
                ["intent"] = best[0].Intent,
                ["probability"] = best[0].Probability,
                ["candidates"] = best.ToDictionary(b => b.Intent, b => b.Probability),
            }));
            return 0;
        }
        foreach (var (intent, probability) in best) AnsiConsole.MarkupLineInterpolated($"{probability,6:0.0 %}  {intent}");
        return 0;
    }

    public static int Evaluate(string data, string output, bool json, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        using var saved = SavedClassifier.Load(output);
        using var _ = no_grad();
        var read = IntentData.Read(data);
        if (!read.Intents.SequenceEqual(saved.Intents)) throw new AdaLoRA.Gen.AdaLoRAException($"'{output}' was trained on {saved.Intents.Count} intents, others than the {read.Intents.Count} in '{data}'; name its data with --data.");
        var found = IntentTask.Evaluate(saved.Model, read.Test, saved.Tokenizer, CPU, cancellationToken);
        double loss = found.Further["cross_entropy"], seconds = clock.Elapsed.TotalSeconds;
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object> { ["accuracy"] = found.Value, ["cross_entropy"] = loss, ["examples"] = read.Test.Count, ["seconds"] = Math.Round(seconds, 2) }));
        }
        else
        {
            AnsiConsole.MarkupLineInterpolated($"accuracy {found.Value:0.0000}, cross-entropy {loss:0.0000} on {read.Test.Count} sentences, {seconds:0.0} s");
        }
        return 0;
    }
}
