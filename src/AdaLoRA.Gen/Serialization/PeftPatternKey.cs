using System.Text.RegularExpressions;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Keys of LoRA's rank_pattern and alpha_pattern. PEFT takes each for a regular expression, <c>(.*\.)?(key)$</c>, and the first that matches (get_pattern_key in its utils/other.py), so "proj" also
/// means "block.proj".
/// </summary>
internal static partial class PeftPatternKey
{
    /// <summary>The key that matches one path and no other: the path itself, anchored where it is the end of another.</summary>
    /// <param name="path">A module path.</param>
    /// <param name="paths">Every path that may be matched against the key.</param>
    public static string Of(string path, IEnumerable<string> paths) => paths.Any(p => p.EndsWith("." + path, StringComparison.Ordinal)) ? "^" + path.Replace(".", "\\.", StringComparison.Ordinal) : path;

    /// <summary>Whether a key means a path.</summary>
    /// <exception cref="ArgumentException">The key is no regular expression.</exception>
    /// <exception cref="NotSupportedException">It is one that cannot be matched in linear time.</exception>
    public static bool Matches(string key, string path) =>
        // Most keys are the end of a path; a dot in them matches itself, too.
        (Plain().IsMatch(key) && (path == key || path.EndsWith("." + key, StringComparison.Ordinal))) || Regex.IsMatch(path, $@"^(.*\.)?({key})$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    [GeneratedRegex(@"^[A-Za-z0-9_.]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
