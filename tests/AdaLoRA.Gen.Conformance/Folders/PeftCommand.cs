using System.CommandLine;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Conformance.Folders;

/// <summary><c>peft FOLDER --models FOLDER</c>: adapters as PEFT saved them. Errors are absolute.</summary>
internal static class PeftCommand
{
    public static Command Create(ReportFormat format)
    {
        var folder = new Argument<string>("FOLDER") { Description = "Holds one folder an adapter: adapter_config.json, adapter_model.safetensors and io.safetensors (out.logits, out.logits_disabled, out.logits_merged)." };
        var models = new Option<string>("--models") { Description = "Holds the models that the adapters were made for, as for hf. An adapter MODEL_anything is for the model of that name.", Required = true };
        var command = new Command("peft", "Loads PEFT's adapters and compares logits, disabled and merged logits to 1e-5, what is saved again byte for byte, and an export to plain LoRA.") { folder, models };
        command.SetAction(arguments => format.Print(arguments, Run(arguments.GetValue(folder)!, arguments.GetValue(models)!)));
        return command;
    }

    /// <summary>Every adapter of a folder.</summary>
    /// <exception cref="AdaLoRAException">A folder holds nothing to check.</exception>
    public static IEnumerable<CaseResult> Run(string folder, string models)
    {
        var known = HfCommand.Folders(models);
        foreach (string adapter in HfCommand.Folders(folder))
        {
            string name = Path.GetFileName(adapter);
            if (ModelOf(adapter, known) is not { } model)
            {
                yield return new CaseResult(name, false, double.NaN, "", $"'{models}' holds no model whose name it starts with");
                continue;
            }
            foreach (var result in Check(name, adapter, model)) yield return result;
        }
    }

    private static List<CaseResult> Check(string name, string adapter, string model)
    {
        var results = new List<CaseResult>();
        try
        {
            foreach (var result in PeftCheck.Run(name, adapter, model)) results.Add(result);
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

    /// <summary>The model with the longest name that the adapter's starts with; else the one that its config names.</summary>
    private static string? ModelOf(string adapter, IReadOnlyList<string> models)
    {
        string name = Path.GetFileName(adapter);
        string? byName = models.Where(m => name == Path.GetFileName(m) || name.StartsWith(Path.GetFileName(m) + "_", StringComparison.Ordinal)).MaxBy(m => Path.GetFileName(m).Length);
        if (byName is not null) return byName;
        string? stated = (PeftConfig.Read(adapter).Get("base_model_name_or_path") as JsonValue)?.TryGetValue(out string? path) == true ? path : null;
        return stated is null ? null : models.FirstOrDefault(m => Path.GetFileName(m) == Path.GetFileName(stated.TrimEnd('/')));
    }
}
