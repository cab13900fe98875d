using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Reads a configuration section onto <see cref="PredictorOptions"/>; not the framework's binder for the reasons that <see cref="SectionBinder"/> has, and without reflection.</summary>
internal static class PredictorOptionsBinder
{
    private static readonly Dictionary<string, Value> Values = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(PredictorOptions.AdapterFolder)] = new("a folder", (o, text) => Set(() => o.AdapterFolder = text)),
        [nameof(PredictorOptions.Merged)] = new("true or false", (o, text) => bool.TryParse(text, out bool v) && Set(() => o.Merged = v)),
        [nameof(PredictorOptions.Device)] = new(DeviceChoice.Names, (o, text) => Set(() => o.Device = text)),
        [nameof(PredictorOptions.MaxConcurrency)] = Whole((o, v) => o.MaxConcurrency = v),
        [nameof(PredictorOptions.Threads)] = Whole((o, v) => o.Threads = v),
        [nameof(PredictorOptions.MaxBatch)] = Whole((o, v) => o.MaxBatch = v),
        [nameof(PredictorOptions.BatchDelay)] = Duration((o, v) => o.BatchDelay = v),
        [nameof(PredictorOptions.QueueLimit)] = Whole((o, v) => o.QueueLimit = v),
        [nameof(PredictorOptions.Watch)] = new("true or false", (o, text) => bool.TryParse(text, out bool v) && Set(() => o.Watch = v)),
        [nameof(PredictorOptions.WatchInterval)] = Duration((o, v) => o.WatchInterval = v),
    };

    /// <summary>The names of all values.</summary>
    public static IEnumerable<string> Names => Values.Keys;

    /// <summary>Sets what can be read; what cannot is noted in <see cref="PredictorOptions.Unreadable"/>.</summary>
    public static void Bind(IConfigurationSection section, PredictorOptions options)
    {
        foreach (var child in section.GetChildren())
        {
            if (!Values.TryGetValue(child.Key, out var value))
            {
                options.Unreadable.Add($"'{child.Key}' is not an option; {(NearestName.Find(child.Key, Names) is { } near ? $"did you mean '{near}'?" : $"they are {string.Join(", ", Names)}.")}");
                continue;
            }
            string name = Names.First(n => n.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
            if (child.Value is null && child.GetChildren().Any()) options.Unreadable.Add($"{name} is a section; it must be a single value.");
            else if (!value.Write(options, child.Value ?? "")) options.Unreadable.Add($"{name} is '{child.Value}'; it must be {value.Expected}.");
        }
    }

    private static Value Whole(Action<PredictorOptions, int> set) =>
        new("a whole number", (o, text) => int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int v) && Set(() => set(o, v)));

    private static Value Duration(Action<PredictorOptions, TimeSpan> set) =>
        new("a duration, such as 00:00:00.005", (o, text) => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var v) && Set(() => set(o, v)));

    private static bool Set(Action set)
    {
        set();
        return true;
    }

    private sealed record Value(string Expected, Func<PredictorOptions, string, bool> Write);
}

/// <summary>Reports everything that is wrong with one predictor's options at once.</summary>
internal sealed class PredictorOptionsValidator(string predictor, string section) : IValidateOptions<PredictorOptions>
{
    public ValidateOptionsResult Validate(string? name, PredictorOptions options)
    {
        if (name != predictor) return ValidateOptionsResult.Skip;
        var broken = options.Unreadable.Concat(options.Validate()).Select(sentence => $"{section}: {sentence}").ToList();
        return broken.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(broken);
    }
}
