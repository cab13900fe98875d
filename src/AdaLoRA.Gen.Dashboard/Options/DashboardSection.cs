using System.Globalization;
using AdaLoRA.Gen.Hosting;
using Microsoft.Extensions.Configuration;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>Reads the configuration section onto the options. Not the framework's binder: that one stops at the first value it cannot convert and says nothing of a misspelt key.</summary>
internal static class DashboardSection
{
    /// <summary>The section's path.</summary>
    public const string Path = "AdaLoRA:Dashboard";

    // Each answers with what the value must be, or null when it was taken.
    private static readonly Dictionary<string, Func<DashboardOptions, string, string?>> Values = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(DashboardOptions.LogFolders)] = (o, v) => Take(() => o.LogFolders = v.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
        [nameof(DashboardOptions.ControlPolicy)] = (o, v) => Take(() => o.ControlPolicy = v),
        [nameof(DashboardOptions.ReadPolicy)] = (o, v) => Take(() => o.ReadPolicy = v),
        [nameof(DashboardOptions.Token)] = (o, v) => Take(() => o.Token = v),
        [nameof(DashboardOptions.AllowRemote)] = (o, v) => bool.TryParse(v, out bool b) ? Take(() => o.AllowRemote = b) : "true or false",
        [nameof(DashboardOptions.MaxSubscribers)] = (o, v) => Whole(v, out int n) ? Take(() => o.MaxSubscribers = n) : "a whole number",
        [nameof(DashboardOptions.StallTimeout)] = (o, v) => TimeSpan.TryParse(v, CultureInfo.InvariantCulture, out var t) ? Take(() => o.StallTimeout = t) : "a duration like 00:00:30",
        [nameof(DashboardOptions.MaxPastRuns)] = (o, v) => Whole(v, out int n) ? Take(() => o.MaxPastRuns = n) : "a whole number",
    };

    /// <summary>Sets what can be read; what cannot is noted in <see cref="DashboardOptions.Unreadable"/>.</summary>
    public static void Bind(IConfigurationSection section, DashboardOptions options)
    {
        foreach (var child in section.GetChildren())
        {
            if (!Values.TryGetValue(child.Key, out var take))
            {
                string advice = NearestName.Find(child.Key, Values.Keys) is { } near ? $"did you mean '{near}'?" : $"there are {string.Join(", ", Values.Keys)}.";
                options.Unreadable.Add($"{child.Key} is not an option; {advice}");
                continue;
            }
            string name = Values.Keys.First(k => k.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
            bool isList = name == nameof(DashboardOptions.LogFolders);
            if (child.Value is null && child.GetChildren().Any())
            {
                if (isList) options.LogFolders = [.. child.GetChildren().Select(c => c.Value ?? "")];
                else options.Unreadable.Add($"{name} is a section; it must be a single value.");
            }
            else if (child.Value is { } value && take(options, value) is { } expected)
            {
                options.Unreadable.Add($"{name} is '{value}'; it must be {expected}.");
            }
        }
    }

    private static bool Whole(string text, out int number) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    private static string? Take(Action set)
    {
        set();
        return null;
    }
}
