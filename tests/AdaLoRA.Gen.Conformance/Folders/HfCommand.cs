using System.CommandLine;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Folders;

/// <summary><c>hf FOLDER</c>: models as Hugging Face saves them. Errors are absolute.</summary>
internal static class HfCommand
{
    /// <summary>What a right port reaches in fp32.</summary>
    private const double Tolerance = 1e-5;

    public static Command Create(ReportFormat format)
    {
        var folder = new Argument<string>("FOLDER") { Description = "Holds one folder a model: config.json, model.safetensors and io.safetensors (in.*, out.*)." };
        var command = new Command("hf", "Runs models of Hugging Face folders and compares logits, loss, one gradient and a greedy continuation with the recorded ones, to 1e-5. Other architectures are named unsupported.") { folder };
        command.SetAction(arguments => format.Print(arguments, Run(arguments.GetValue(folder)!)));
        return command;
    }

    /// <summary>Every model of a folder.</summary>
    /// <exception cref="AdaLoRAException">The folder holds no models.</exception>
    public static IEnumerable<CaseResult> Run(string folder)
    {
        foreach (string model in Folders(folder)) foreach (var result in Check(model)) yield return result;
    }

    /// <summary>The folders that hold an <c>io.safetensors</c>, by name.</summary>
    public static IReadOnlyList<string> Folders(string folder)
    {
        if (!Directory.Exists(folder)) throw new AdaLoRAException($"There is no folder '{folder}'; name one that holds a folder for each case.");
        string[] folders = [.. Directory.GetDirectories(folder).Where(f => File.Exists(Path.Combine(f, GoldenModel.InputFile))).Order(StringComparer.Ordinal)];
        return folders.Length > 0 ? folders : throw new AdaLoRAException(File.Exists(Path.Combine(folder, GoldenModel.InputFile))
            ? $"'{folder}' is one case itself; name the folder that holds it."
            : $"'{folder}' holds no folder with {GoldenModel.InputFile}.");
    }

    private static List<CaseResult> Check(string folder)
    {
        string name = Path.GetFileName(folder);
        var results = new List<CaseResult>();
        try
        {
            using var scope = NewDisposeScope();
            using var model = GoldenModel.Open(folder);
            using (no_grad())
            {
                if (model.Io.TryGetValue("out.logits", out var logits)) results.Add(Difference.Case($"{name} logits", model.Unpadded(logits), model.Logits(), Tolerance, "out.logits"));
                if (model.Io.TryGetValue("out.generate8", out var text) && model.Continue(text) is { } found) results.Add(Difference.Case($"{name} generate", text, found, 0, "out.generate8"));
            }
            if (model.Io.TryGetValue("out.loss", out var expected) && model.Loss() is { } loss)
            {
                results.Add(Difference.Case($"{name} loss", expected.reshape(-1), loss.reshape(-1), Tolerance, "out.loss"));
                loss.backward();
                results.AddRange(Gradients(name, model));
            }
        }
        catch (UnsupportedArchitectureException e)
        {
            return [new CaseResult(name, true, 0, "", string.Join(", ", e.Architectures)) { Unsupported = true }];
        }
        catch (Exception e) when (e is AdaLoRAException or SafetensorsException)
        {
            results.Add(new CaseResult(name, false, double.NaN, "", e.Message));
        }
        return results;
    }

    private static IEnumerable<CaseResult> Gradients(string name, GoldenModel model)
    {
        const string prefix = "out.grad.";
        foreach (var (key, expected) in model.Io.Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            yield return model.Module.get_parameter(key[prefix.Length..])?.grad is { } found
                ? Difference.Case($"{name} gradient", expected, found, Tolerance, key)
                : new CaseResult($"{name} gradient", false, double.NaN, key, "the model has no such parameter, or it has no gradient");
        }
    }
}
