using AdaLoRA.Gen.Generators.Models;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary>
/// The typed view: <c>model.AdaLoRA.encoder.layers[1].attention.query</c> is the adapter of that layer. One struct a module that leads to a target, over an
/// <c>AdapterBranch</c>; all of them inside <c>AdaLoRAView</c>, so that the annotated class gets one name and no more.
/// </summary>
internal static class ViewEmitter
{
    private const string Root = "AdaLoRAView";
    private const string Branch = "global::AdaLoRA.Gen.AdapterBranch";
    private const string Adapter = "global::AdaLoRA.Gen.Adapter";

    /// <param name="Path">Registered path of the module, empty for the root.</param>
    private sealed record View(string Name, string Path, string Summary, EquatableArray<NodeSpec> Children);

    public static void Emit(IndentedWriter writer, ModelSpec model)
    {
        writer.Line($"""
            /// <summary>The adapters of this model, by the names of the layers that carry them.</summary>
            /// <exception cref="global::AdaLoRA.Gen.AdaLoRAException">There are none: AttachAdaLoRA() comes first.</exception>
            {ModelEmitter.GeneratedCode}
            public {Root} AdaLoRA => new({Branch}.Of(this));

            """);
        // Names of the nested structs and of the outer one's members: one space of names.
        var names = MemberNames(Root);
        var views = new Queue<View>();
        var root = new View(Root, "", $"The adapters of {ViewText.Xml(model.Type.DisplayName)}, by the names of the layers that carry them.", model.Viewed);
        using (EmitHead(writer, root, ModelEmitter.GeneratedCode, names, out string field))
        {
            EmitMembers(writer, root, names, field, names, views);
            while (views.Count > 0)
            {
                writer.Line();
                EmitNested(writer, views.Dequeue(), names, views);
            }
        }
    }

    private static void EmitNested(IndentedWriter writer, View view, LocalNames types, Queue<View> views)
    {
        var members = MemberNames(view.Name);
        using (EmitHead(writer, view, null, members, out string field)) EmitMembers(writer, view, members, field, types, views);
    }

    private static LocalNames MemberNames(string view) => new(view, "Equals", "GetHashCode", "ToString", "GetType", "MemberwiseClone", "ReferenceEquals", "Finalize");

    private static IndentedWriter.Scope EmitHead(IndentedWriter writer, View view, string? attribute, LocalNames members, out string field)
    {
        field = members.New("_branch");
        writer.Line($"/// <summary>{view.Summary}</summary>");
        if (attribute is not null) writer.Line(attribute);
        var scope = writer.Block($"public readonly struct {view.Name}");
        writer.Line($"""
            private readonly {Branch} {field};

            internal {view.Name}({Branch} branch) => {field} = branch;
            """);
        return scope;
    }

    private static void EmitMembers(IndentedWriter writer, View view, LocalNames members, string field, LocalNames types, Queue<View> views)
    {
        foreach (var node in view.Children)
        {
            string path = ViewText.Path(view.Path, node), summary = ViewText.Summary(node, path), type = Adapter;
            if (node.Shape != NodeShape.Target)
            {
                type = types.New(node.IsItem ? view.Name.TrimStart('@').Replace("View", "ItemView") : Names.Spoken(node.Segment) + "View");
                views.Enqueue(new View(type, path, summary, node.Children));
            }
            writer.Line().Line($"/// <summary>{summary}</summary>");
            if (node.IsItem)
            {
                writer.Line($"/// <param name=\"index\">Its index.</param>");
                writer.Line($"public {type} this[int index] => {Value(node, field, "index")};");
            }
            else
            {
                writer.Line($"public {type} {members.New(Names.Spoken(node.Segment))} => {Value(node, field, SymbolDisplay.FormatLiteral(node.Segment, quote: true))};");
            }
        }
    }

    private static string Value(NodeSpec node, string field, string argument) => node.Shape == NodeShape.Target ? $"{field}.Adapter({argument})" : $"new({field}.Below({argument}))";
}
