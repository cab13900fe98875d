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

    private const string Gradient = "out.grad.";

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
            var left = model.Io.Keys.Where(k => k.StartsWith("out.", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
            using (no_grad())
            {
                if (Take("out.logits") is { } logits) results.Add(Difference.Case($"{name} logits", model.Unpadded(logits), model.Logits(), Tolerance, "out.logits"));
                var states = model.HiddenStates();
                for (int i = 0; i < states.Count; i++)
                {
                    if (Take($"out.hidden.{i}") is { } state) results.Add(Difference.Case($"{name} hidden {i}", model.Unpadded(state), states[i], Tolerance, $"out.hidden.{i}"));
                }
                if (model.Io.TryGetValue("out.generate8", out var text) && model.Continue(text) is { } found) results.Add(Difference.Case($"{name} generate", Take("out.generate8")!, found, 0, "out.generate8"));
            }
            if (model.Io.ContainsKey("out.loss") && model.Loss() is { } loss)
            {
                results.Add(Difference.Case($"{name} loss", Take("out.loss")!.reshape(-1), loss.reshape(-1), Tolerance, "out.loss"));
                loss.backward();
                foreach (string key in left.Where(k => k.StartsWith(Gradient, StringComparison.Ordinal)).ToList()) results.Add(CheckGradient(name, key, Take(key)!, model));
            }
            if (!model.Io.ContainsKey("out.logits")) results.Add(new CaseResult(name, false, double.NaN, "out.logits", $"{GoldenModel.InputFile} does not record it"));
            foreach (string key in left.Order(StringComparer.Ordinal))
            {
                bool known = key is "out.logits" or "out.loss" or "out.generate8" || key.StartsWith("out.hidden.", StringComparison.Ordinal) || key.StartsWith(Gradient, StringComparison.Ordinal);
                results.Add(known ? new CaseResult(name, false, double.NaN, key, "is recorded, but this model or its inputs do not give it") : new CaseResult($"{name} {key}", true, 0, "", "no such output is computed here") { Unsupported = true });
            }

            Tensor? Take(string key) => left.Remove(key) ? model.Io[key] : null;
        }
        catch (UnsupportedArchitectureException e)
        {
            return [new CaseResult(name, true, 0, "", string.Join(", ", e.Architectures)) { Unsupported = true }];
        }
        catch (Exception e) when (CaseResult.IsOfTheCase(e))
        {
            results.Add(new CaseResult(name, false, double.NaN, "", CaseResult.Sentence(e)));
        }
        return results;
    }

    /// <summary>Gradients are small: 1e-5 absolute would hide a wrong one of 1e-3, so 1e-3 of the largest value is the limit where that is less.</summary>
    private static CaseResult CheckGradient(string name, string key, Tensor expected, GoldenModel model) =>
        model.Module.get_parameter(key[Gradient.Length..])?.grad is { } found
            ? Difference.Case($"{name} gradient", expected, found, Math.Min(Tolerance, 1e-3 * expected.abs().max().item<float>()), key)
            : new CaseResult($"{name} gradient", false, double.NaN, key, "the model has no such parameter, or it has no gradient");
}
