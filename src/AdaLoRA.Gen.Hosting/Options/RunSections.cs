using Microsoft.Extensions.Configuration;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Configuration section of one run.</summary>
/// <param name="Run">Name of the run.</param>
/// <param name="Path">Full path of the section.</param>
internal sealed record RunSection(string Run, string Path);

/// <summary>Looks for sections below <c>AdaLoRA</c> that no run reads, although they are meant for one: a misspelt name would leave all its values without effect, and nobody would know.</summary>
internal static class RunSections
{
    /// <summary>A sentence for each of them.</summary>
    /// <param name="configuration">The app's.</param>
    /// <param name="known">The sections that are read.</param>
    public static IEnumerable<string> Unread(IConfiguration? configuration, IReadOnlyList<RunSection> known)
    {
        const string Root = AdaLoRAServiceCollectionExtensions.RootSection;
        foreach (var section in configuration?.GetSection(Root).GetChildren() ?? [])
        {
            if (section.Key.StartsWith(TrainingArguments.Mark) || known.Any(k => IsAtOrBelow(k.Path, section.Path))) continue;
            string? near = NearestName.Find(section.Key, known.Select(k => k.Run));
            // Other sections may be another package's: only what holds options of a run is taken for one.
            if (near is null && !section.GetChildren().Any(c => OptionsTable.Canonical(c.Key) is not null || c.Key.StartsWith(TrainingArguments.Mark) || c.Key.Equals(OptionsTable.AdapterSection, StringComparison.OrdinalIgnoreCase))) continue;
            yield return $"{section.Path} is the section of no run; {(near is null ? $"the app has {string.Join(", ", known.Select(k => k.Path))}." : $"did you mean '{Root}:{near}'?")}";
        }
    }

    private static bool IsAtOrBelow(string path, string section) =>
        path.Equals(section, StringComparison.OrdinalIgnoreCase) || path.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase);
}
