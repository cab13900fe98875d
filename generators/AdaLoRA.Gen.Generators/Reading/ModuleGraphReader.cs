using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Builds the module tree of a class the way TorchSharp will register it. One method per thing a member can be.</summary>
internal sealed partial class ModuleGraphReader(ReadContext context)
{
    /// <summary>Levels of one generic class within itself that are followed.</summary>
    private const int DeepestOfOneClass = 8;

    private readonly HashSet<INamedTypeSymbol> _open = new(SymbolEqualityComparer.Default);

    /// <summary>Every module class that was met, its module bases included.</summary>
    public HashSet<INamedTypeSymbol> Classes { get; } = new(SymbolEqualityComparer.Default);

    public ModuleNode Read(INamedTypeSymbol root) => Block(new ModuleNode(NodeKind.Block, "", root), root, isRegisteredByParent: false);

    /// <summary>How a module is held, apart from what it is.</summary>
    /// <param name="Segment">Its registered name.</param>
    /// <param name="Declared">Declared type of the member or item.</param>
    /// <param name="Member">The member; of an item, that of its container.</param>
    /// <param name="Access">How to reach it.</param>
    /// <param name="IsRegisteredByParent">What holds it has it register its own members; a <c>Sequential</c> does not.</param>
    private sealed record Holder(string Segment, ITypeSymbol Declared, ISymbol? Member, MemberAccess? Access, bool IsRegisteredByParent = true);

    /// <summary>What the source puts into a member: its values, and what is added to it.</summary>
    private sealed record Content(IReadOnlyList<ExpressionSyntax> Assigned, IReadOnlyList<Addition> Added, bool IsHandedOver);

    private ModuleNode Block(ModuleNode node, INamedTypeSymbol type, bool isRegisteredByParent)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        _open.Add(type);
        var chain = ClassMembers.ChainOf(type).ToList();
        foreach (var declaring in chain) Classes.Add(declaring.OriginalDefinition);
        var origins = chain.ConvertAll(context.OriginsOf);
        node.MayHoldMore |= type.IsAbstract || TorchSharpTypes.IsOpaqueContainer(type) || origins.Exists(o => o.OverridesRegistration || o.RegistersByHand);
        if (!TorchSharpTypes.IsOpaqueContainer(type))
        {
            var members = ClassMembers.Of(type, context);
            AddRegistered(node, chain, members, origins);
            bool never = !isRegisteredByParent && chain.TrueForAll(ClassMembers.IsFromSource) && !origins.Exists(o => o.CallsRegistration);
            if (origins.TrueForAll(o => !o.OverridesRegistration || o.ExtendsRegistration)) AddMembers(node, chain, members, origins, never ? Never(node, type) : null);
        }
        foreach (var declaring in chain.Where(c => !ClassMembers.IsFromSource(c)))
        {
            // Public modules are taken as a sign that the library means its tree to be seen; without any, nothing is known of it.
            if (node.Children.Any(c => SymbolEqualityComparer.Default.Equals(c.Member?.ContainingType.OriginalDefinition, declaring.OriginalDefinition))) node.HidesPrivateMembers = true;
            else node.MayHoldMore = true;
        }
        _open.Remove(type);
        return node;
    }

    private static string Never(ModuleNode node, INamedTypeSymbol type) => node.Segment.Length == 0
        ? $"{type.Name} never calls RegisterComponents(); call it at the end of its constructor"
        : $"{type.Name} never calls RegisterComponents(), and a Sequential does not do it for its items; call it at the end of {type.Name}'s constructor";

    /// <summary>What constructors register themselves, bases first; a member that <c>RegisterComponents</c> would register under the same name is passed over.</summary>
    private void AddRegistered(ModuleNode node, List<INamedTypeSymbol> chain, List<ClassMember> members, List<ClassOrigins> origins)
    {
        for (int depth = chain.Count - 1; depth >= 0; depth--)
        {
            foreach (var registration in origins[depth].ByHand)
            {
                string? name = BodyReader.MemberName(registration.Value);
                var member = name is null || Expressions.LocalOf(registration.Value, context) is not null ? null : members.Find(m => m.Symbol.Name == name);
                var type = member?.Type ?? context.SemanticModelOf(registration.Value.SyntaxTree).GetTypeInfo(registration.Value, context.Cancellation).Type;
                if (type is null || node.Children.Exists(c => c.Segment == registration.Name)) continue;
                var content = member is null ? new Content([.. Expressions.Values(registration.Value)], [], false) : ContentOf(member, chain, origins);
                if (Member(new Holder(registration.Name, type, member?.Symbol, member?.Access), content) is not { } child) continue;
                child.IsOptional = !registration.IsCertain || Expressions.MayBeNull(registration.Value, context);
                node.Add(child);
            }
        }
    }

    private void AddMembers(ModuleNode node, List<INamedTypeSymbol> chain, List<ClassMember> members, List<ClassOrigins> origins, string? unregistered)
    {
        foreach (var member in members)
        {
            if (TorchSharpTypes.IsParameter(member.Type)) node.Parameters.Add(member.RegisteredName);
            if (node.Children.Exists(c => c.Segment == member.RegisteredName)) continue;
            if (Member(new Holder(member.RegisteredName, member.Type, member.Symbol, member.Access), ContentOf(member, chain, origins)) is not { } child) continue;
            bool isLate = ValuesOf(member, chain, origins) is { Count: > 0 } values && values.TrueForAll(v => v.IsLate);
            child.IsOptional = IsOptional(member, chain, origins);
            child.Unregistered = unregistered ?? (isLate ? $"'{member.Symbol.Name}' is assigned after RegisterComponents() has run; register at the end of the constructor" : null);
            node.Add(child);
        }
    }

    private Content ContentOf(ClassMember member, List<INamedTypeSymbol> chain, List<ClassOrigins> origins)
    {
        var classes = Assigning(member, chain, origins).ToList();
        return new Content(
            [.. classes.SelectMany(o => o.AssignedTo(member.Symbol.Name)).SelectMany(v => Expressions.Values(v.Expression))],
            [.. classes.SelectMany(o => o.AddedTo(member.Symbol.Name))],
            classes.Exists(o => o.IsHandedOver(member.Symbol.Name, context)));
    }

    private static List<MemberValue> ValuesOf(ClassMember member, List<INamedTypeSymbol> chain, List<ClassOrigins> origins) =>
        [.. Assigning(member, chain, origins).SelectMany(o => o.AssignedTo(member.Symbol.Name))];

    /// <summary>The classes that can mean this member by its name, the declaring one first.</summary>
    private static IEnumerable<ClassOrigins> Assigning(ClassMember member, List<INamedTypeSymbol> chain, List<ClassOrigins> origins)
    {
        for (int depth = member.Declaring; depth >= 0; depth--)
        {
            if (depth < member.Declaring && chain[depth].GetMembers(member.Symbol.Name).Length > 0) yield break;
            yield return origins[depth];
        }
    }

    private bool IsOptional(ClassMember member, List<INamedTypeSymbol> chain, List<ClassOrigins> origins)
    {
        if (member.Symbol is IParameterSymbol) return member.Type.NullableAnnotation == NullableAnnotation.Annotated;
        var values = ValuesOf(member, chain, origins);
        if (values.Exists(v => v.Constructor is not null && Expressions.MayBeNull(v.Expression, context))) return true;
        return !values.Exists(v => v.Constructor is null && v.IsCertain && !Expressions.MayBeNull(v.Expression, context))
            && !Assigning(member, chain, origins).Any(o => o.IsAssignedByEvery(c => values.Exists(v => v.Constructor == c && v.IsCertain)));
    }

    /// <summary>The node for one member or item, or null when it is no module.</summary>
    private ModuleNode? Member(Holder holder, Content content)
    {
        if (!HeldTypes.MayHoldModule(holder.Declared)) return null;
        content = Resolved(content);
        var assigned = content.Assigned;
        var actual = HeldTypes.Actual(holder.Declared, assigned, context);
        if (actual is null) return Leaf(NodeKind.Opaque, holder, holder.Declared);
        if (!TorchSharpTypes.IsModule(actual)) return HeldTypes.SaysNothing(actual) ? Leaf(NodeKind.Opaque, holder, actual) : null;
        context.Visit(actual);
        if (AdaptableLayers.KindOf(actual) is { } kind) return Adaptable(holder, actual, kind, assigned);
        if (TorchSharpTypes.IsModuleList(actual)) return List(holder, actual, actual.TypeArguments[0], Items(ContainerKind.List, content));
        if (TorchSharpTypes.IsModuleDict(actual)) return Dictionary(holder, actual, actual.TypeArguments[0], Items(ContainerKind.Dictionary, content));
        if (TorchSharpTypes.IsSequential(actual)) return Sequential(holder, actual, Items(ContainerKind.Sequential, content));
        if (TorchSharpTypes.IsModuleBase(actual) || TorchSharpTypes.IsOpaqueContainer(actual)) return Leaf(NodeKind.Opaque, holder, actual);
        // Behind an abstract class (Convolution) there may be a layer of either sort.
        if (TorchSharpTypes.IsFromTorchSharp(actual))
        {
            var layer = Leaf(actual.IsAbstract ? NodeKind.Opaque : NodeKind.NotAdaptable, holder, actual);
            layer.Origins = assigned;
            return layer;
        }
        // A class that holds itself has no last level, and one that holds itself of itself, Node<Node<T>>, never holds the same again.
        if (_open.Contains(actual) || _open.Count(open => SymbolEqualityComparer.Default.Equals(open.OriginalDefinition, actual.OriginalDefinition)) >= DeepestOfOneClass) return Leaf(NodeKind.Opaque, holder, actual);
        var block = Leaf(NodeKind.Block, holder, actual);
        block.MayHoldMore = HeldTypes.MayBeDerived(actual, assigned, context);
        return Block(block, actual, holder.IsRegisteredByParent);
    }

    /// <summary>Locals are what they were set to, with what is added to them.</summary>
    private Content Resolved(Content content)
    {
        var added = content.Added.ToList();
        bool isHandedOver = content.IsHandedOver;
        foreach (var value in content.Assigned)
        {
            if (Expressions.LocalOf(value, context) is not { ContainingType: { } owner } local) continue;
            var origins = context.OriginsOf(owner);
            added.InsertRange(0, origins.AddedTo(ClassOrigins.Local(local.Name)).Select(a => a with { IsLate = false }));
            isHandedOver |= origins.IsHandedOver(ClassOrigins.Local(local.Name), context);
        }
        return new Content([.. content.Assigned.Select(value => Expressions.Resolved(value, context)).SelectMany(Expressions.Values).Select(value => Expressions.Moved(value, context))], added, isHandedOver);
    }

    private ModuleNode Adaptable(Holder holder, INamedTypeSymbol actual, LayerKind kind, IReadOnlyList<ExpressionSyntax> assigned)
    {
        // TorchSharp reads the fields of this library's layers as it reads those of a block.
        if (!TorchSharpTypes.IsFromTorchSharp(actual)) Classes.Add(actual);
        var (inputs, outputs) = FeatureSizes.Of(kind, assigned, context);
        var node = new ModuleNode(NodeKind.Adaptable, holder.Segment, actual)
        {
            Member = holder.Member, Access = holder.Access, TypeTest = TypeTest(holder, actual), InFeatures = inputs, OutFeatures = outputs, Origins = assigned,
            IsGrouped = kind == LayerKind.Conv2d && FeatureSizes.AreGrouped(assigned, context),
        };
        node.Parameters.AddRange(AdaptableLayers.ParametersOf(kind));
        return node;
    }

    private static ModuleNode Leaf(NodeKind kind, Holder holder, ITypeSymbol type) => new(kind, holder.Segment, type)
    {
        Member = holder.Member, Access = holder.Access, TypeTest = TypeTest(holder, type), MayHoldMore = kind == NodeKind.Opaque,
    };

    private static ITypeSymbol? TypeTest(Holder holder, ITypeSymbol actual) => SymbolEqualityComparer.Default.Equals(holder.Declared, actual) ? null : actual;
}
