using Microsoft.Extensions.Configuration;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Short command-line options: <c>--steps 600 --budget 72 --dry-run</c> instead of <c>--AdaLoRA:IntentClassifier:Adapter:Budget 72</c>.</summary>
public static class TrainingArguments
{
    /// <summary>First character of keys that are no options: what is wrong with the arguments, and the text of the help. They travel in the configuration, so that the host's start tells them with all else.</summary>
    internal const char Mark = '$';

    internal const string Wrong = "$arguments";
    internal const string Help = "$help";

    /// <summary>
    /// Adds <c>--name value</c>, <c>--name=value</c> and bare switches (<c>--keep-best</c>) for every value of <see cref="TrainingOptions"/> and of its <c>Adapter</c>. Names are those of the properties in
    /// any case, with dashes where one likes (<c>--learning-rate</c>); <c>--seed</c> is the run's seed, <c>--adapter:seed</c> the adapters'; lists are separated by semicolons.
    /// Options with a full configuration path (<c>--Logging:LogLevel:Default Debug</c>) are set as they stand.
    /// </summary>
    /// <remarks>
    /// Nothing is thrown: what is unknown (the nearest name is given) or lacks its value is reported when the host starts, with all other options that cannot be used. <see cref="TrainingHostExtensions.RunTrainingAsync"/> makes of it a line
    /// each on the error stream and the exit code 2; and of <c>--help</c>, <c>-h</c> or <c>-?</c> the table of all options and the exit code 0.
    /// </remarks>
    /// <param name="configuration">Receives the values; later sources override them.</param>
    /// <param name="args">What remains of the command line after the app's own commands.</param>
    public static IConfigurationBuilder AddTrainingArguments<TModel>(this IConfigurationBuilder configuration, IReadOnlyList<string> args)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(args);
        string section = $"{AdaLoRAServiceCollectionExtensions.RootSection}:{TModel.Plan.ModelName}:";
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        int wrong = 0;
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i] is "--help" or "-h" or "-?")
            {
                values[$"{AdaLoRAServiceCollectionExtensions.RootSection}:{Help}"] = OptionHelp.Of(TModel.Plan.ModelName, TModel.Plan.CreateOptions());
            }
            else if (Read(args, ref i, section, values) is { } sentence)
            {
                values[$"{section}{Wrong}:{wrong++}"] = sentence;
            }
        }
        return configuration.AddInMemoryCollection(values);
    }

    /// <summary>Reads one option, and its value where that is the next argument.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    private static string? Read(IReadOnlyList<string> args, ref int i, string section, Dictionary<string, string?> values)
    {
        string written = args[i];
        if (!written.StartsWith("--", StringComparison.Ordinal)) return $"'{written}' is no option; options are written --name value.";
        string[] parts = written[2..].Split('=', 2);
        string? path = Path(parts[0]), next = i + 1 < args.Count && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[i + 1] : null;
        bool isSwitch = path is not null && OptionsTable.IsSwitch(path);
        if (path is null && !IsFullPath(parts[0]))
        {
            // Its value is not to be taken for another mistake.
            if (parts.Length == 1 && next is not null && !next.StartsWith('-')) i++;
            string? near = NearestName.Find(parts[0].Replace("-", "", StringComparison.Ordinal), OptionsTable.Paths);
            return $"--{parts[0]} is not an option; {(near is null ? "--help lists them all." : $"did you mean '{OptionsTable.Argument(near)}'?")}";
        }
        string key = path is null ? parts[0] : section + path;
        if (parts.Length == 2) values[key] = parts[1];
        else if (isSwitch && !bool.TryParse(next, out _)) values[key] = "true";
        else if (next is null) return $"--{parts[0]} lacks its value; write --{parts[0]} value.";
        else (values[key], i) = (next, i + 1);
        return null;
    }

    // "--adaptor:seed" is meant for the adapters, and would be lost as a setting of the app.
    private static bool IsFullPath(string name) =>
        name.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && NearestName.Find(name[..colon], [OptionsTable.AdapterSection]) is null;

    private static string? Path(string name)
    {
        string plain = name.Replace("-", "", StringComparison.Ordinal);
        return OptionsTable.Canonical(plain) ?? OptionsTable.Canonical($"{OptionsTable.AdapterSection}:{plain}");
    }
}
