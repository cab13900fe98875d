using System.IO.Enumeration;

namespace AdaLoRA.Gen.Models;

/// <summary>How the keys of a checkpoint become names of a module. In patterns <c>*</c> stands for any characters.</summary>
public sealed record CheckpointMapping
{
    /// <summary>Keys are used as they are.</summary>
    public static CheckpointMapping Identity { get; } = new();

    /// <summary>Name of the backbone with its dot (<c>bert.</c>). It is removed or put in front where that makes a key fit: a bare encoder loads from a classifier and the other way round.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Ends of keys that are called otherwise here, as (old, new).</summary>
    public IReadOnlyList<(string Old, string New)> Renames { get; init; } = [];

    /// <summary>Patterns of keys that the module may lack.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>Patterns of the module's names that the checkpoint may lack; they keep their values.</summary>
    public IReadOnlyList<string> Optional { get; init; } = [];

    internal bool Ignores(string key) => Matches(Ignored, key);

    internal bool MayLack(string name) => Matches(Optional, name);

    /// <summary>The module's name for a key, or null when it has none.</summary>
    internal string? NameOf<T>(string key, IReadOnlyDictionary<string, T> targets)
    {
        foreach ((string old, string now) in Renames)
        {
            if (!key.EndsWith(old, StringComparison.Ordinal)) continue;
            key = string.Concat(key.AsSpan(0, key.Length - old.Length), now);
            break;
        }
        if (targets.ContainsKey(key)) return key;
        if (Prefix.Length == 0) return null;
        string other = key.StartsWith(Prefix, StringComparison.Ordinal) ? key[Prefix.Length..] : Prefix + key;
        return targets.ContainsKey(other) ? other : null;
    }

    private static bool Matches(IReadOnlyList<string> patterns, string name) => patterns.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));
}
