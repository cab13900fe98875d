using Microsoft.Extensions.Configuration;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Configuration section of one run.</summary>
/// <param name="Run">Name of the run.</param>
/// <param name="Path">Full path of the section.</param>
internal sealed record RunSection(string Run, string Path);

/// <summary>Configuration section directly below <c>AdaLoRA</c> that is no run's: options of something that an app has once.</summary>
/// <param name="Path">Full path of the section.</param>
internal sealed record PackageSection(string Path);

/// <summary>Looks for sections below <c>AdaLoRA</c> that nothing reads, although they are meant to be read: a misspelt name would leave all its values without effect, and nobody would know.</summary>
internal static class RunSections
{
    /// <summary>A sentence for each of them.</summary>
    /// <param name="configuration">The app's.</param>
    /// <param name="known">The sections of runs.</param>
    /// <param name="packages">Other sections that are read; the predictors' need not be named.</param>
    public static IEnumerable<string> Unread(IConfiguration? configuration, IReadOnlyList<RunSection> known, IEnumerable<PackageSection> packages)
    {
        const string Root = AdaLoRAServiceCollectionExtensions.RootSection;
        string[] others = [.. packages.Select(p => p.Path), PredictorServiceCollectionExtensions.PredictorsSection];
        string[] names = [.. known.Select(k => k.Run), .. others.Select(o => o[(Root.Length + 1)..])];
        foreach (var section in configuration?.GetSection(Root).GetChildren() ?? [])
        {
            if (section.Key.StartsWith(TrainingArguments.Mark) || known.Select(k => k.Path).Concat(others).Any(path => IsAtOrBelow(path, section.Path))) continue;
            string? near = NearestName.Find(section.Key, names);
            // Other sections may be another package's: only what holds options of a run is taken for one.
            if (near is null && (known.Count == 0 || !section.GetChildren().Any(c => OptionsTable.Canonical(c.Key) is not null || c.Key.StartsWith(TrainingArguments.Mark) || c.Key.Equals(OptionsTable.AdapterSection, StringComparison.OrdinalIgnoreCase)))) continue;
            yield return $"{section.Path} is the section of no run; {(near is null ? $"the app has {string.Join(", ", known.Select(k => k.Path))}." : $"did you mean '{Root}:{near}'?")}";
        }
    }

    private static bool IsAtOrBelow(string path, string section) =>
        path.Equals(section, StringComparison.OrdinalIgnoreCase) || path.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase);
}
