namespace AdaLoRA.Gen.Hosting;

/// <summary>Finds what a misspelt option was meant to be.</summary>
internal static class NearestName
{
    /// <summary>The end of a sentence: the nearest name, or where to find them all.</summary>
    /// <param name="path">What was written, <c>Adapter:Bugdet</c> say.</param>
    public static string Advice(string path) => Find(path, OptionsTable.Paths) is { } near
        ? $"did you mean '{near}'?"
        : "see TrainingOptions for the names, and AdaLoRAOptions for those below 'Adapter'.";

    /// <summary>The candidate with the fewest edits, or null when none is near. A right name on the wrong level (<c>Budget</c> for <c>Adapter:Budget</c>) counts as nearest.</summary>
    public static string? Find(string path, IEnumerable<string> candidates)
    {
        string written = Last(path);
        int allowed = Math.Max(1, written.Length / 3);
        return candidates
            .Select(c => (Name: c, Edits: Distance(written.ToUpperInvariant(), Last(c).ToUpperInvariant()), SameLevel: c.Contains(':', StringComparison.Ordinal) == path.Contains(':', StringComparison.Ordinal)))
            .Where(c => c.Edits <= allowed)
            .OrderBy(c => c.Edits).ThenByDescending(c => c.SameLevel)
            .Select(c => c.Name)
            .FirstOrDefault();
    }

    private static string Last(string path) => path[(path.LastIndexOf(':') + 1)..];

    // Optimal string alignment: swapped neighbours are one edit, since that is how fingers slip.
    private static int Distance(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) d[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
