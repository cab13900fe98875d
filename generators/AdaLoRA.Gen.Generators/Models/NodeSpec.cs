namespace AdaLoRA.Gen.Generators.Models;

internal enum NodeShape
{
    /// <summary>A module with members of its own.</summary>
    Module,

    /// <summary>A list; its one child stands for every item.</summary>
    List,

    /// <summary>An adapted layer.</summary>
    Target,
}

/// <summary>A node of the module tree on the way to a target.</summary>
/// <param name="Shape">What it is.</param>
/// <param name="Segment">Its registered name; empty for the item of a list.</param>
/// <param name="Access">C# expression that reaches it: <c>{0}</c> is the parent, <c>{1}</c> the index of a list's item.</param>
/// <param name="TypeTest">The class to test for where the declared type is a base of it.</param>
/// <param name="TypeName">Short name of its class, for people.</param>
/// <param name="InFeatures">Of a target, columns of its matrix; −1 where only the run knows.</param>
/// <param name="OutFeatures">Of a target, rows of its matrix; −1 where only the run knows.</param>
/// <param name="Count">Items of a list; null where only the run knows.</param>
/// <param name="Condition">On a target below lists: which indices are adapted; empty when all are.</param>
/// <param name="Children">Nodes below it that lead to a target.</param>
internal sealed record NodeSpec(
    NodeShape Shape,
    string Segment,
    string Access,
    string? TypeTest,
    string TypeName,
    int InFeatures,
    int OutFeatures,
    int? Count,
    EquatableArray<IndexTuple> Condition,
    EquatableArray<NodeSpec> Children)
{
    /// <summary>It stands for every item of a list.</summary>
    public bool IsItem => Segment.Length == 0;
}

/// <summary>One conjunction of index conditions: for each list on the path, outermost first, the indices that are adapted (empty: all).</summary>
internal sealed record IndexTuple(EquatableArray<EquatableArray<int>> Indices);
