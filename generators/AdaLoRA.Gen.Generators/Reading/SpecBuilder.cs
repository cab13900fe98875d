using AdaLoRA.Gen.Generators.Models;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Turns the module tree and the selection into values that outlive the compilation.</summary>
internal static class SpecBuilder
{
    public static ModelSpec Build(AdapterAttribute attribute, ModuleNode root, TargetSelection selection, IEnumerable<INamedTypeSymbol> classes, ReadContext context)
    {
        var chosen = selection.Layers.Where(l => l.IsChosen || l.IsSeen).ToDictionary(l => l.Node);
        var all = selection.Layers.ToDictionary(l => l.Node);
        var accessors = new SortedDictionary<string, AccessorSpec>(StringComparer.Ordinal);
        return new ModelSpec(
            Type(context.Model),
            HidesBaseMembers: HidesBaseMembers(context.Model),
            IsStub: selection.IsBroken,
            attribute.Options().ToEquatableArray(),
            selection.Chosen.Where(l => l.IsReachable).SelectMany(l => l.Paths().Select(p => new SlotSpec(PatternAdvice.Shown(p), l.Node.InFeatures, l.Node.OutFeatures))).ToEquatableArray(),
            selection.Residuals.Distinct().ToEquatableArray(),
            Nodes(root, n => chosen.TryGetValue(n, out var l) && l is { IsChosen: true, IsReachable: true } ? l : null, accessors),
            // A stub shows every layer, so that code that uses the view adds no errors to the one in the pattern.
            Nodes(root, n => chosen.TryGetValue(n, out var l) || (selection.IsBroken && all.TryGetValue(n, out l)) ? l : null, null),
            accessors.Values.ToEquatableArray(),
            classes.Select(c => ModuleClass(c, context)).OrderBy(c => c.TypeOf, StringComparer.Ordinal).ToEquatableArray());
    }

    /// <summary>Whether every step from the root can be written in C#.</summary>
    public static bool IsReachable(ModuleNode node, ReadContext context)
    {
        for (var n = node; n.Parent is not null; n = n.Parent)
            if (n.Access is null || (n.TypeTest is { } test && !context.CanName(test))) return false;
        return true;
    }

    private static EquatableArray<NodeSpec> Nodes(ModuleNode parent, Func<ModuleNode, SelectedLayer?> select, SortedDictionary<string, AccessorSpec>? accessors)
    {
        var specs = new List<NodeSpec>();
        foreach (var node in parent.Children)
        {
            var layer = select(node);
            var children = Nodes(node, select, accessors);
            if (layer is null && children.Count == 0) continue;
            if (node.Access?.Accessor is { } accessor && accessors is not null) accessors[accessor.Name] = accessor;
            specs.Add(new NodeSpec(
                node.Kind switch { NodeKind.Adaptable => NodeShape.Target, NodeKind.List => NodeShape.List, _ => NodeShape.Module },
                node.IsItem ? "" : node.Segment,
                node.Access?.Expression ?? "",
                node.TypeTest is { } test ? Names.Full(test) : null,
                node.Type is { } type ? Names.Short(type) : "",
                node.InFeatures,
                node.OutFeatures,
                node.Count,
                (layer?.Sets ?? []).ToEquatableArray(),
                children));
        }
        return specs.ToEquatableArray();
    }

    private static TypeSpec Type(INamedTypeSymbol type)
    {
        var declarations = new List<string>();
        for (var t = type; t is not null; t = t.ContainingType) declarations.Insert(0, $"partial {Keyword(t)} {Names.Escape(t.Name)}{Names.TypeParameters(t)}");
        return new TypeSpec(
            string.Join(".", Names.Parts(type.ContainingNamespace).Select(Names.Escape)),
            declarations.ToEquatableArray(),
            Names.Full(type),
            type.Name,
            type.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat),
            HintNames.Of(type));
    }

    private static string Keyword(INamedTypeSymbol type) => type switch
    {
        { TypeKind: TypeKind.Interface } => "interface",
        { IsRecord: true, TypeKind: TypeKind.Struct } => "record struct",
        { TypeKind: TypeKind.Struct } => "struct",
        { IsRecord: true } => "record",
        _ => "class",
    };

    private static ModuleClassSpec ModuleClass(INamedTypeSymbol type, ReadContext context) =>
        context.CanName(type) ? new ModuleClassSpec(Names.TypeOf(type), null) : new ModuleClassSpec(Names.Metadata(type).Replace('+', '.'), type.ContainingAssembly.Name);

    private static bool HidesBaseMembers(INamedTypeSymbol type)
    {
        for (var t = type.BaseType; t is not null; t = t.BaseType)
            if (AdapterAttribute.On(t, CancellationToken.None).Count > 0 || Array.Exists(Names.GeneratedMembers, name => t.GetMembers(name).Length > 0)) return true;
        return false;
    }
}
