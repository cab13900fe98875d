using AdaLoRA.Gen.Generators.Models;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>The layers that an attribute's patterns choose.</summary>
internal sealed class TargetSelection(IEnumerable<ModuleNode> nodes, Func<ModuleNode, bool> isReachable)
{
    /// <summary>Every adaptable layer of the model, in registration order, chosen or not.</summary>
    public IReadOnlyList<SelectedLayer> Layers { get; } = [.. nodes.Where(n => n.Kind == NodeKind.Adaptable).Select(n => new SelectedLayer(n, isReachable(n)))];

    public IEnumerable<SelectedLayer> Chosen => Layers.Where(l => l.IsChosen);

    public List<string> Residuals { get; } = [];

    /// <summary>What each alternative of each pattern matches, in the order in which they are written.</summary>
    public List<AlternativeUse> Uses { get; } = [];

    /// <summary>A pattern is in error; what is emitted is a stub.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Every matrix that is adapted; null where only the run knows.</summary>
    public IReadOnlyList<(string Path, ModuleNode Node)>? Matrices()
    {
        if (Residuals.Count > 0 || IsBroken) return null;
        var matrices = Chosen.SelectMany(l => l.Paths().Select(path => (path, l.Node))).ToList();
        return matrices.Exists(m => m.path.IndexOf(ModuleNode.IndexMark) >= 0) ? null : matrices;
    }
}

/// <summary>What one alternative of a pattern of <c>Targets</c> does.</summary>
/// <param name="Element">The pattern's place in the array.</param>
/// <param name="Pattern">The pattern.</param>
/// <param name="Alternative">The alternative.</param>
/// <param name="Layers">Layers that it matches, wholly or in part.</param>
/// <param name="AddsNothing">Those before it match all that it does, for certain.</param>
internal sealed record AlternativeUse(int Element, PathPattern Pattern, PatternAlternative Alternative, IReadOnlyList<SelectedLayer> Layers, bool AddsNothing);

/// <summary>A layer with the indices of it that are adapted.</summary>
internal sealed class SelectedLayer(ModuleNode node, bool isReachable)
{
    private readonly List<IndexTuple> _sets = [];
    private bool _all;

    public ModuleNode Node { get; } = node;

    public bool IsChosen => _all || _sets.Count > 0;

    /// <summary>A pattern matches some of it in a way that is left to the run.</summary>
    public bool IsSeen { get; set; }

    /// <summary>Whether generated code can reach it by typed access.</summary>
    public bool IsReachable { get; } = isReachable;

    /// <summary>Which indices are adapted; empty when all are.</summary>
    public IReadOnlyList<IndexTuple> Sets => _all ? [] : Merged();

    /// <returns>Whether something of it was not chosen before.</returns>
    public bool Add(IndexTuple? sets)
    {
        if (_all || (sets is not null && _sets.Contains(sets))) return false;
        var before = Paths();
        if (sets is null) _all = true;
        else _sets.Add(sets);
        return before.Count == 0 || Paths().Except(before).Any();
    }

    /// <summary>Registered paths, one a matrix; with <see cref="ModuleNode.IndexMark"/> for a list of which every item is adapted and whose length only the run knows.</summary>
    public List<string> Paths()
    {
        var lengths = Node.ListLengths();
        var tuples = _all ? [new IndexTuple(lengths.Select(_ => EquatableArray<int>.Empty).ToEquatableArray())] : _sets;
        return [.. tuples.SelectMany(tuple => Fill(Node.Path, tuple, lengths, 0)).Distinct()];
    }

    /// <summary>Conditions that differ in one list only are one condition: alternatives {0,2} give "0 or 2".</summary>
    private List<IndexTuple> Merged()
    {
        var merged = new List<IndexTuple>();
        foreach (var tuple in _sets)
        {
            int at = merged.FindIndex(m => Difference(m, tuple) >= 0);
            if (at < 0)
            {
                merged.Add(tuple);
                continue;
            }
            int list = Difference(merged[at], tuple);
            var union = merged[at].Indices[list].Concat(tuple.Indices[list]).Distinct().OrderBy(i => i).ToEquatableArray();
            merged[at] = new IndexTuple(tuple.Indices.Select((set, i) => i == list ? union : set).ToEquatableArray());
        }
        return merged;
    }

    /// <summary>The only list in which two conditions differ, both restricting it; −1 when there is no such list.</summary>
    private static int Difference(IndexTuple a, IndexTuple b)
    {
        var differing = Enumerable.Range(0, a.Indices.Count).Where(i => !a.Indices[i].Equals(b.Indices[i])).ToList();
        return differing.Count == 1 && a.Indices[differing[0]].Count > 0 && b.Indices[differing[0]].Count > 0 ? differing[0] : -1;
    }

    private static IEnumerable<string> Fill(string path, IndexTuple tuple, List<int?> lengths, int list)
    {
        int mark = path.IndexOf(ModuleNode.IndexMark);
        if (mark < 0) return [path];
        IEnumerable<string> indices = tuple.Indices[list].Count > 0 ? tuple.Indices[list].Select(Text)
            : lengths[list] is { } n ? Enumerable.Range(0, n).Select(Text)
            : [ModuleNode.IndexMark.ToString()];
        var tails = Fill(path.Substring(mark + 1), tuple, lengths, list + 1).ToList();
        return indices.SelectMany(i => tails, (i, tail) => path.Substring(0, mark) + i + tail);
    }

    private static string Text(int index) => index.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
