using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

// Lists, dictionaries and Sequentials.
internal sealed partial class ModuleGraphReader
{
    private ContainerItems Items(ContainerKind kind, Content content) => ContainerItems.Read(kind, content.Assigned, content.Added, content.IsHandedOver, context);

    private ModuleNode Sequential(Holder holder, ITypeSymbol actual, ContainerItems items)
    {
        // The indexer gives IModule<Tensor, Tensor>: what an item is, only the source can say.
        return items.CountIsKnown ? Items(holder, actual, context.Compilation.ObjectType, items, isRegistering: false) : Leaf(NodeKind.Opaque, holder, actual);
    }

    private ModuleNode List(Holder holder, ITypeSymbol actual, ITypeSymbol item, ContainerItems items)
    {
        if (items.CountIsKnown) return Items(holder, actual, item, items, isRegistering: true);
        var list = ListNode(holder, actual, null);
        var samples = items.Samples.SelectMany(Expressions.Values).ToList();
        var held = new Holder(ModuleNode.IndexMark.ToString(), item, holder.Member, ItemAccess("{1}"));
        // What is made elsewhere may be of any class that the list takes.
        if (items.MayHoldOthers && !HeldTypes.SaysSomething(item)) list.Add(Leaf(NodeKind.Opaque, held, item));
        else if (Member(held, new Content(items.MayHoldOthers ? [] : samples, [], false)) is { } node) list.Add(node);
        return list;
    }

    /// <summary>Keys that all stand in the source are names; otherwise only the run knows.</summary>
    private ModuleNode Dictionary(Holder holder, ITypeSymbol actual, ITypeSymbol item, ContainerItems items)
    {
        // An access is a format, and so is a path below a list: keys with braces are left to the run.
        if (!items.CountIsKnown || items.Known.Any(k => k.Name is null || k.Name.IndexOfAny(['{', '}']) >= 0)) return Leaf(NodeKind.Opaque, holder, actual);
        var block = Leaf(NodeKind.Block, holder, actual);
        foreach (var (key, value) in items.Known)
            if (Member(new Holder(key!, item, holder.Member, ItemAccess(SymbolDisplay.FormatLiteral(key!, quote: true))), new Content([.. Expressions.Values(value)], [], false)) is { } node) block.Add(node);
        return block;
    }

    /// <summary>A container whose items all stand in the source: one node for all of them when they are alike and nameless, else one each.</summary>
    private ModuleNode Items(Holder holder, ITypeSymbol actual, ITypeSymbol declared, ContainerItems items, bool isRegistering)
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
            Member(new Holder(segment, declared, holder.Member, ItemAccess(index), isRegistering), new Content([.. Expressions.Values(value)], [], false));

        static string Index(int i) => i.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    private static ModuleNode ListNode(Holder holder, ITypeSymbol actual, int? count) => new(NodeKind.List, holder.Segment, actual)
    {
        Member = holder.Member, Access = holder.Access, TypeTest = TypeTest(holder, actual), Count = count,
    };

    private static MemberAccess ItemAccess(string index) => new("{0}[" + index + "]");
}
