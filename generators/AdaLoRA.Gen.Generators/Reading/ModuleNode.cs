using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

internal enum NodeKind
{
    /// <summary>A module class, walked.</summary>
    Block,

    /// <summary>A list with one symbolic item.</summary>
    List,

    /// <summary>A layer that can carry an adapter.</summary>
    Adaptable,

    /// <summary>A layer of TorchSharp that cannot.</summary>
    NotAdaptable,

    /// <summary>Something that may hold anything.</summary>
    Opaque,
}

/// <summary>A module as TorchSharp will register it. Lives while one model is read; what is kept of it is a <c>NodeSpec</c>.</summary>
internal sealed class ModuleNode(NodeKind kind, string segment, ITypeSymbol? type)
{
    /// <summary>Stands in a path for the index of a list whose items share one node.</summary>
    public const char IndexMark = '\u0001';

    public NodeKind Kind { get; } = kind;

    public string Segment { get; } = segment;

    public ITypeSymbol? Type { get; } = type;

    public ModuleNode? Parent { get; private set; }

    public List<ModuleNode> Children { get; } = [];

    /// <summary>The field, property or parameter that holds it (of a list's item: that holds the list).</summary>
    public ISymbol? Member { get; init; }

    /// <summary>C# to reach it from its parent; null when no typed access can be written.</summary>
    public MemberAccess? Access { get; init; }

    /// <summary>The class to test for where the declared type is a base of it.</summary>
    public ITypeSymbol? TypeTest { get; init; }

    /// <summary>Items of a list; null when only the run knows.</summary>
    public int? Count { get; init; }

    /// <summary>Columns of an adaptable layer's matrix; −1 when only the run knows.</summary>
    public int InFeatures { get; init; } = -1;

    /// <summary>Rows of it; −1 when only the run knows.</summary>
    public int OutFeatures { get; init; } = -1;

    /// <summary>A Conv2d that is known to have several groups.</summary>
    public bool IsGrouped { get; init; }

    /// <summary>Expressions that make a layer of TorchSharp's or this library's.</summary>
    public IReadOnlyList<ExpressionSyntax> Origins { get; set; } = [];

    /// <summary>Registered names of the parameters that the module holds itself.</summary>
    public List<string> Parameters { get; } = [];

    /// <summary>There may be children that nothing here shows.</summary>
    public bool MayHoldMore { get; set; }

    /// <summary>The member may be null when its class registers what it holds.</summary>
    public bool IsOptional { get; set; }

    /// <summary>Why TorchSharp never registers it; null where it does. What is below it is not registered either.</summary>
    public string? Unregistered { get; set; }

    public bool IsUnregistered => Unregistered is not null || Parent is { IsUnregistered: true };

    /// <summary>A class of another assembly whose private members the compiler is not shown. Taken as complete, but never as proof.</summary>
    public bool HidesPrivateMembers { get; set; }

    public string Path => Parent is null ? Segment : Parent.Path.Length == 0 ? Segment : Parent.Path + "." + Segment;

    public bool IsItem => Segment.Length == 1 && Segment[0] == IndexMark;

    public void Add(ModuleNode child)
    {
        child.Parent = this;
        Children.Add(child);
    }

    public IEnumerable<ModuleNode> Descendants()
    {
        foreach (var child in Children)
        {
            yield return child;
            foreach (var node in child.Descendants()) yield return node;
        }
    }

    /// <summary>Lengths of the lists above, outermost first; null where only the run knows.</summary>
    public List<int?> ListLengths()
    {
        var lengths = new List<int?>();
        for (var node = this; node is not null; node = node.Parent)
            if (node.IsItem) lengths.Insert(0, node.Parent!.Count);
        return lengths;
    }

    /// <summary>Whether another item could share this node's place in a loop.</summary>
    public bool IsSameItem(ModuleNode other) =>
        Kind == other.Kind && Kind is not NodeKind.List && MayHoldMore == other.MayHoldMore && Unregistered is null == other.Unregistered is null && InFeatures == other.InFeatures && OutFeatures == other.OutFeatures
        && SymbolEqualityComparer.Default.Equals(Type, other.Type) && SymbolEqualityComparer.Default.Equals(TypeTest, other.TypeTest)
        && Children.Count == other.Children.Count && Children.Zip(other.Children, (a, b) => a.IsSameChild(b)).All(same => same);

    private bool IsSameChild(ModuleNode other) =>
        Segment == other.Segment && (IsSameItem(other) || (Kind == NodeKind.List && other.Kind == NodeKind.List && Count == other.Count && Children.Zip(other.Children, (a, b) => a.IsSameChild(b)).All(same => same)));
}

/// <summary>How generated code reaches a module from its parent.</summary>
/// <param name="Expression"><c>{0}</c> is the parent, <c>{1}</c> an index.</param>
/// <param name="Accessor">The accessor that the expression calls, if any.</param>
internal sealed record MemberAccess(string Expression, Models.AccessorSpec? Accessor = null);
