using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Builds the module tree of a class the way TorchSharp will register it. One method per thing a member can be.</summary>
internal sealed class ModuleGraphReader(ReadContext context)
{
    private readonly HashSet<INamedTypeSymbol> _open = new(SymbolEqualityComparer.Default);

    /// <summary>Every module class that was met, its module bases included.</summary>
    public HashSet<INamedTypeSymbol> Classes { get; } = new(SymbolEqualityComparer.Default);

    public ModuleNode Read(INamedTypeSymbol root) => Block(new ModuleNode(NodeKind.Block, "", root), root);

    /// <summary>How a module is held, apart from what it is.</summary>
    private sealed record Holder(string Segment, ITypeSymbol Declared, ISymbol? Member, MemberAccess? Access);

    private ModuleNode Block(ModuleNode node, INamedTypeSymbol type)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        _open.Add(type);
        var chain = ClassMembers.ChainOf(type).ToList();
        foreach (var declaring in chain) Classes.Add(declaring.OriginalDefinition);
        var origins = chain.ConvertAll(context.OriginsOf);
        if (!origins.Exists(o => o.OverridesRegistration)) AddMembers(node, type, origins);
        node.MayHoldMore |= type.IsAbstract || origins.Exists(o => o.OverridesRegistration || o.RegistersByHand);
        foreach (var declaring in chain.Where(c => !ClassMembers.IsFromSource(c)))
        {
            // Public modules are taken as a sign that the library means its tree to be seen; without any, nothing is known of it.
            if (node.Children.Any(c => SymbolEqualityComparer.Default.Equals(c.Member?.ContainingType.OriginalDefinition, declaring.OriginalDefinition))) node.HidesPrivateMembers = true;
            else node.MayHoldMore = true;
        }
        _open.Remove(type);
        return node;
    }

    private void AddMembers(ModuleNode node, INamedTypeSymbol type, List<ClassOrigins> origins)
    {
        foreach (var member in ClassMembers.Of(type, context))
        {
            if (TorchSharpTypes.IsParameter(member.Type)) node.Parameters.Add(member.RegisteredName);
            var assigned = origins.SelectMany(o => o.AssignedTo(member.Symbol.Name)).SelectMany(Expressions.Values).ToList();
            var added = origins.SelectMany(o => o.AddedTo(member.Symbol.Name)).SelectMany(Expressions.Values).ToList();
            if (Member(new Holder(member.RegisteredName, member.Type, member.Symbol, member.Access), assigned, added) is { } child) node.Add(child);
        }
    }

    /// <summary>The node for one member or item, or null when it is no module.</summary>
    private ModuleNode? Member(Holder holder, IReadOnlyList<ExpressionSyntax> assigned, IReadOnlyList<ExpressionSyntax> added)
    {
        if (!MayHoldModule(holder.Declared)) return null;
        assigned = [.. assigned.Select(value => Expressions.Resolved(value, context)).SelectMany(Expressions.Values)];
        var actual = ActualType(holder.Declared, assigned);
        if (actual is null) return Leaf(NodeKind.Opaque, holder, holder.Declared);
        if (!TorchSharpTypes.IsModule(actual)) return SaysNothing(actual) ? Leaf(NodeKind.Opaque, holder, actual) : null;
        context.Visit(actual);
        if (AdaptableLayers.KindOf(actual) is { } kind) return Adaptable(holder, actual, kind, assigned);
        if (TorchSharpTypes.IsModuleList(actual)) return List(holder, actual, actual.TypeArguments[0], ContainerItems.Read(assigned, added, context));
        if (TorchSharpTypes.IsSequential(actual)) return Sequential(holder, actual, ContainerItems.Read(assigned, added, context));
        if (TorchSharpTypes.IsModuleBase(actual) || TorchSharpTypes.IsOpaqueContainer(actual)) return Leaf(NodeKind.Opaque, holder, actual);
        // Behind an abstract class (Convolution) there may be a layer of either sort.
        if (TorchSharpTypes.IsFromTorchSharp(actual))
        {
            var layer = Leaf(actual.IsAbstract ? NodeKind.Opaque : NodeKind.NotAdaptable, holder, actual);
            layer.Origins = assigned;
            return layer;
        }
        // A class that holds itself has no last level.
        if (_open.Contains(actual)) return Leaf(NodeKind.Opaque, holder, actual);
        return Block(Leaf(NodeKind.Block, holder, actual), actual);
    }

    private ModuleNode Adaptable(Holder holder, INamedTypeSymbol actual, LayerKind kind, IReadOnlyList<ExpressionSyntax> assigned)
    {
        // TorchSharp reads the fields of TransposedLinear as it reads those of a block.
        if (!TorchSharpTypes.IsFromTorchSharp(actual)) Classes.Add(actual);
        var (inputs, outputs) = FeatureSizes.Of(kind, assigned, context);
        var node = new ModuleNode(NodeKind.Adaptable, holder.Segment, actual)
        {
            Member = holder.Member, Access = holder.Access, TypeTest = TypeTest(holder, actual), InFeatures = inputs, OutFeatures = outputs, Origins = assigned,
        };
        node.Parameters.AddRange(AdaptableLayers.ParametersOf(kind));
        return node;
    }

    private ModuleNode Sequential(Holder holder, ITypeSymbol actual, ContainerItems items)
    {
        // The indexer gives IModule<Tensor, Tensor>: what an item is, only the source can say.
        return items.CountIsKnown ? Items(holder, actual, context.Compilation.ObjectType, items) : Leaf(NodeKind.Opaque, holder, actual);
    }

    private ModuleNode List(Holder holder, ITypeSymbol actual, ITypeSymbol item, ContainerItems items)
    {
        if (items.CountIsKnown) return Items(holder, actual, item, items);
        var list = ListNode(holder, actual, null);
        var node = Member(new Holder(ModuleNode.IndexMark.ToString(), item, holder.Member, ItemAccess("{1}")), items.Samples.SelectMany(Expressions.Values).ToList(), []);
        if (node is not null) list.Add(node);
        return list;
    }

    /// <summary>A container whose items all stand in the source: one node for all of them when they are alike and nameless, else one each.</summary>
    private ModuleNode Items(Holder holder, ITypeSymbol actual, ITypeSymbol declared, ContainerItems items)
    {
        var nodes = new List<ModuleNode>();
        for (int i = 0; i < items.Known.Count; i++)
        {
            var (name, value) = items.Known[i];
            if (Item(name ?? Index(i), Index(i), value) is { } node) nodes.Add(node);
        }
        if (nodes.Count > 1 && nodes.Count == items.Known.Count && items.Known.All(k => k.Name is null) && nodes.TrueForAll(n => n.IsSameItem(nodes[0])))
        {
            var list = ListNode(holder, actual, nodes.Count);
            list.Add(Item(ModuleNode.IndexMark.ToString(), "{1}", items.Known[0].Value)!);
            return list;
        }
        var block = Leaf(NodeKind.Block, holder, actual);
        nodes.ForEach(block.Add);
        return block;

        ModuleNode? Item(string segment, string index, ExpressionSyntax value) =>
            Member(new Holder(segment, declared, holder.Member, ItemAccess(index)), Expressions.Values(value).ToList(), []);

        static string Index(int i) => i.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    private static ModuleNode Leaf(NodeKind kind, Holder holder, ITypeSymbol type) => new(kind, holder.Segment, type)
    {
        Member = holder.Member, Access = holder.Access, TypeTest = TypeTest(holder, type), MayHoldMore = kind == NodeKind.Opaque,
    };

    private static ModuleNode ListNode(Holder holder, ITypeSymbol actual, int? count) => new(NodeKind.List, holder.Segment, actual)
    {
        Member = holder.Member, Access = holder.Access, TypeTest = TypeTest(holder, actual), Count = count,
    };

    private static MemberAccess ItemAccess(string index) => new("{0}[" + index + "]");

    private static ITypeSymbol? TypeTest(Holder holder, ITypeSymbol actual) => SymbolEqualityComparer.Default.Equals(holder.Declared, actual) ? null : actual;

    /// <summary>The one class that the source puts there; the declared class where it does not say; null where it says several.</summary>
    private INamedTypeSymbol? ActualType(ITypeSymbol declared, IReadOnlyList<ExpressionSyntax> assigned)
    {
        var made = new HashSet<INamedTypeSymbol>(SymbolEqualityComparer.Default);
        foreach (var value in assigned)
            if (Expressions.TypeOf(value, context) is { } type) made.Add(type);
        // What a constructor's parameter is declared as says no more than the member itself.
        made.RemoveWhere(t => TorchSharpTypes.IsModuleBase(t) || t.TypeKind == TypeKind.Interface || t.SpecialType == SpecialType.System_Object);
        if (made.Count > 1) return SaysSomething(declared) ? (INamedTypeSymbol)declared : null;
        if (made.Count == 1) return made.First();
        return declared as INamedTypeSymbol;
    }

    private static bool SaysSomething(ITypeSymbol declared) => declared is INamedTypeSymbol { IsAbstract: false } && TorchSharpTypes.IsModule(declared) && !TorchSharpTypes.IsModuleBase(declared);

    private static bool MayHoldModule(ITypeSymbol declared) => declared switch
    {
        INamedTypeSymbol { TypeKind: TypeKind.Class or TypeKind.Interface or TypeKind.Error } named => TorchSharpTypes.IsModule(named) || SaysNothing(named),
        ITypeParameterSymbol parameter => parameter.ConstraintTypes.Any(MayHoldModule),
        IDynamicTypeSymbol => true,
        _ => false,
    };

    /// <summary>Types that say nothing of what they hold: <c>object</c>, a name that does not compile yet, and interfaces that are not the framework's.</summary>
    private static bool SaysNothing(ITypeSymbol type) =>
        type.SpecialType == SpecialType.System_Object || type.TypeKind == TypeKind.Error || (type.TypeKind == TypeKind.Interface && !IsFramework(type));

    private static bool IsFramework(ITypeSymbol type)
    {
        string ns = type.ContainingNamespace.ToDisplayString();
        return ns is "System" || ns.StartsWith("System.", StringComparison.Ordinal) || ns.StartsWith("Microsoft.", StringComparison.Ordinal);
    }
}
