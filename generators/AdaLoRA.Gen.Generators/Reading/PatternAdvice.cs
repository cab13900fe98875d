using System.Globalization;
using AdaLoRA.Gen.Generators.Diagnostics.Registration;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Why an alternative matches nothing, on which of its characters, and what was probably meant.</summary>
/// <param name="Start">First position in the alternative.</param>
/// <param name="End">Position after the last.</param>
/// <param name="Sentence">The reason and what to do.</param>
/// <param name="Replacement">Text for the part, or null.</param>
internal sealed record PatternAdvice(int Start, int End, string Sentence, string? Replacement)
{
    private const int MostNames = 6;

    public static PatternAdvice For(PatternAlternative alternative, ModuleNode root, Func<ModuleNode, bool> isGoal)
    {
        var nodes = root.Descendants().ToList();
        var goals = nodes.Where(isGoal).ToList();
        string text = alternative.Text;
        (int Start, int End) part = (0, text.Length);
        foreach (var segment in alternative.Segments())
        {
            part = segment;
            string prefix = text.Substring(0, segment.End);
            if (!nodes.Exists(n => IndexSolver.CanMatch(prefix, n))) return ForSegment(text, segment, root, nodes, goals);
        }
        string below = text + ".*";
        var named = nodes.First(n => IndexSolver.CanMatch(text, n));
        return goals.Exists(n => IndexSolver.CanMatch(below, n))
            ? new PatternAdvice(part.Start, part.End, $"it names a block, not a layer; write '{text.Substring(part.Start, part.End - part.Start)}.*' for the layers in it", text.Substring(part.Start, part.End - part.Start) + ".*")
            : new PatternAdvice(part.Start, part.End, $"'{Shown(named.Path)}' holds no such layer; choose one{PatternProposal.Near(named, goals)}, or remove it", null);
    }

    private static PatternAdvice ForSegment(string text, (int Start, int End) segment, ModuleNode root, List<ModuleNode> nodes, List<ModuleNode> goals)
    {
        string bad = text.Substring(segment.Start, segment.End - segment.Start);
        string before = text.Substring(0, Math.Max(0, segment.Start - 1));
        var parents = segment.Start == 0 ? [root] : nodes.Where(n => IndexSolver.CanMatch(before, n)).ToList();
        if (parents.Find(p => p.Kind == NodeKind.List && p.Count is not null) is { Count: { } count } list && int.TryParse(bad, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            return new PatternAdvice(segment.Start, segment.End, count == 0 ? $"'{Shown(list.Path)}' has no items; remove it" : $"'{Shown(list.Path)}' has {Number.Of(count, "item")}; the last index is {count - 1}", null);

        if (parents.SelectMany(p => p.Children).FirstOrDefault(c => IsSpokenOf(bad, c)) is { } surprising) return ForSurprisingName(bad, segment, surprising);

        if (parents.Select(p => HeldUnregistered(bad, p)).FirstOrDefault(type => type is not null) is { } held)
            return new PatternAdvice(segment.Start, segment.End, $"'{bad}' is of type {HeldModules.Shown(held)}, of which TorchSharp registers nothing; {HeldModules.Remedy(held)}", null);

        var names = parents.SelectMany(p => p.Children).Where(c => !c.IsItem).Select(c => c.Segment).Distinct().ToList();
        string? nearest = names
            .Select(name => (Name: name, Distance: Distance(bad, name)))
            .Where(c => c.Distance <= Tolerance(bad))
            .OrderBy(c => goals.Exists(g => IndexSolver.CanMatch(text.Substring(0, segment.Start) + c.Name + text.Substring(segment.End), g)) ? 0 : 1)
            .ThenBy(c => c.Distance).ThenBy(c => c.Name, StringComparer.Ordinal)
            .Select(c => c.Name).FirstOrDefault();
        string lacks = MatchedPrefix.Lacks(bad, before, parents);
        string sentence = nearest is not null ? $"{lacks}; did you mean '{nearest}'?"
            : names.Count == 0 ? $"{lacks}; remove it"
            : $"{lacks}; choose from {string.Join(", ", names.Take(MostNames).Select(n => $"'{n}'"))}{(names.Count > MostNames ? " …" : "")}";
        return new PatternAdvice(segment.Start, segment.End, sentence, nearest);
    }

    /// <summary>The type of a member of that name which holds modules where TorchSharp does not look.</summary>
    private static ITypeSymbol? HeldUnregistered(string name, ModuleNode node) => node.Type is INamedTypeSymbol type
        ? ClassMembers.ChainOf(type).SelectMany(ModuleClass.Fields).Where(f => f.Member.Name == name && Diagnostics.Registration.HeldTypes.Holds(f.Type)).Select(f => f.Type).FirstOrDefault()
        : null;

    /// <summary>The pattern has the member's name, but the field that is registered has another.</summary>
    private static bool IsSpokenOf(string segment, ModuleNode node) =>
        segment.Trim('*') is var name && name.Length > 0 && name != node.Segment && name == Names.Spoken(node.Segment);

    private static PatternAdvice ForSurprisingName(string bad, (int Start, int End) segment, ModuleNode node)
    {
        string name = Names.Spoken(node.Segment);
        string sentence = node.Member is IParameterSymbol
            ? $"'{name}' is a captured parameter and is registered as '{node.Segment}'; write that, or store it in a field"
            : $"'{name}' is a property and is registered as '{node.Segment}'; write that, or put [field: ComponentName(Name = \"{name}\")] on it";
        return new PatternAdvice(segment.Start, segment.End, sentence, bad.Replace(name, node.Segment));
    }

    /// <summary>A path as a message shows it.</summary>
    public static string Shown(string path) => path.Replace(ModuleNode.IndexMark, '*');

    private static int Tolerance(string name) => name.Length <= 3 ? 1 : Math.Max(2, name.Length / 3);

    /// <summary>Insertions, deletions, replacements and swaps of neighbours.</summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
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
