using Microsoft.Extensions.Configuration;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Short command-line options: <c>--steps 600 --budget 72 --resume</c> instead of <c>--AdaLoRA:IntentClassifier:Adapter:Budget 72</c>.</summary>
public static class TrainingArguments
{
    /// <summary>
    /// Adds <c>--name value</c>, <c>--name=value</c> and bare switches (<c>--resume</c>) for every value of <see cref="TrainingOptions"/> and of its <c>Adapter</c>. Names are those of the properties in
    /// any case, with dashes where one likes (<c>--learning-rate</c>); <c>--seed</c> is the run's seed, <c>--adapter:seed</c> the adapters'; lists are separated by semicolons.
    /// Options with a full configuration path (<c>--Logging:LogLevel:Default Debug</c>) are set as they stand.
    /// </summary>
    /// <param name="configuration">Receives the values; later sources override them.</param>
    /// <param name="args">What remains of the command line after the app's own commands.</param>
    /// <exception cref="AdaLoRAException">An option is unknown (the nearest name is given) or lacks its value.</exception>
    public static IConfigurationBuilder AddTrainingArguments<TModel>(this IConfigurationBuilder configuration, IReadOnlyList<string> args)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(args);
        string section = $"{AdaLoRAServiceCollectionExtensions.RootSection}:{TModel.Plan.ModelName}:";
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < args.Count; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal)) throw new AdaLoRAException($"'{args[i]}' is no option; options are written --name value.");
            string[] parts = args[i][2..].Split('=', 2);
            string? path = Path(parts[0]);
            if (path is null && !parts[0].Contains(':', StringComparison.Ordinal))
            {
                throw new AdaLoRAException($"--{parts[0]} is not an option; {NearestName.Advice(parts[0].Replace("-", "", StringComparison.Ordinal))}");
            }
            string key = path is null ? parts[0] : section + path;
            bool isLast = i + 1 == args.Count;
            if (parts.Length == 2) values[key] = parts[1];
            else if (path is not null && OptionsTable.IsSwitch(path) && (isLast || !bool.TryParse(args[i + 1], out _))) values[key] = "true";
            else if (isLast) throw new AdaLoRAException($"--{parts[0]} lacks its value; write --{parts[0]} value.");
            else values[key] = args[++i];
        }
        return configuration.AddInMemoryCollection(values);
    }

    private static string? Path(string name)
    {
        string plain = name.Replace("-", "", StringComparison.Ordinal);
        return OptionsTable.Canonical(plain) ?? OptionsTable.Canonical($"{OptionsTable.AdapterSection}:{plain}");
    }
}
