using AdaLoRA.Gen.Generators.Models;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary>
/// The typed view: <c>model.AdaLoRA.encoder.layers[1].attention.query</c> is the adapter of that layer. One struct a module that leads to a target, over the
/// model's adapters and a path; all of them inside <c>AdaLoRAView</c>, so that the annotated class gets one name and no more.
/// </summary>
internal static class ViewEmitter
{
    private const string Root = "AdaLoRAView";
    private const string Set = "global::AdaLoRA.Gen.AdapterSet";
    private const string Adapter = "global::AdaLoRA.Gen.Adapter";

    private sealed record View(string Name, string Summary, EquatableArray<NodeSpec> Children);

    public static void Emit(IndentedWriter writer, ModelSpec model)
    {
        writer.Line($"""
            /// <summary>The adapters of this model, by the names of the layers that carry them.</summary>
            {ModelEmitter.GeneratedCode}
            public {Root} AdaLoRA => new({Set}.Of(this) ?? throw new global::AdaLoRA.Gen.AdaLoRAException("{model.Type.DisplayName} has no adapters; call AttachAdaLoRA() first."), "");

            """);
        // Names of the nested structs and of the outer one's members: one space of names.
        var names = MemberNames(Root);
        var views = new Queue<View>();
        var root = new View(Root, $"The adapters of {model.Type.DisplayName}.", model.Viewed);
        using (EmitHead(writer, root, names, out var fields))
        {
            EmitMembers(writer, root, names, fields, names, views);
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
        using (EmitHead(writer, view, members, out var fields)) EmitMembers(writer, view, members, fields, types, views);
    }

    private static LocalNames MemberNames(string view) => new(view, "Equals", "GetHashCode", "ToString", "GetType", "MemberwiseClone", "ReferenceEquals", "Finalize");

    private static IndentedWriter.Scope EmitHead(IndentedWriter writer, View view, LocalNames members, out (string Set, string Path) fields)
    {
        fields = (members.New("_adapters"), members.New("_path"));
        writer.Line($"/// <summary>{view.Summary}</summary>").Line(ModelEmitter.GeneratedCode);
        var scope = writer.Block($"public readonly struct {view.Name}");
        writer.Line($$"""
            private readonly {{Set}} {{fields.Set}};
            private readonly string {{fields.Path}};

            internal {{view.Name}}({{Set}} adapters, string path)
            {
                {{fields.Set}} = adapters;
                {{fields.Path}} = path;
            }
            """);
        return scope;
    }

    private static void EmitMembers(IndentedWriter writer, View view, LocalNames members, (string Set, string Path) fields, LocalNames types, Queue<View> views)
    {
        foreach (var node in view.Children)
        {
            writer.Line();
            string type = Adapter;
            if (node.Shape != NodeShape.Target)
            {
                type = types.New(node.Segment.Length == 0 ? view.Name.Replace("View", "ItemView") : Names.Spoken(node.Segment) + "View");
                views.Enqueue(new View(type, Summary(node), node.Children));
            }
            if (node.Segment.Length == 0) EmitIndexer(writer, node, type, fields);
            else EmitProperty(writer, node, type, members.New(Names.Spoken(node.Segment)), fields);
        }
    }

    private static void EmitIndexer(IndentedWriter writer, NodeSpec node, string type, (string Set, string Path) fields)
    {
        string path = $"{fields.Path} + index.ToString(global::System.Globalization.CultureInfo.InvariantCulture)";
        writer.Line($"""
            /// <summary>{Summary(node)}</summary>
            /// <param name="index">Its index.</param>
            public {type} this[int index] => {(node.Shape == NodeShape.Target ? $"{fields.Set}.Find({path})" : $"new({fields.Set}, {path} + \".\")")};
            """);
    }

    private static void EmitProperty(IndentedWriter writer, NodeSpec node, string type, string name, (string Set, string Path) fields)
    {
        bool isTarget = node.Shape == NodeShape.Target;
        string path = $"{fields.Path} + {SymbolDisplay.FormatLiteral(isTarget ? node.Segment : node.Segment + ".", quote: true)}";
        writer.Line($"""
            /// <summary>{Summary(node)}</summary>
            public {type} {name} => {(isTarget ? $"{fields.Set}.Find({path})" : $"new({fields.Set}, {path})")};
            """);
    }

    private static string Summary(NodeSpec node) => node switch
    {
        { Segment.Length: 0 } => "One item of the list.",
        { Shape: NodeShape.Target } => $"The adapter of '{Xml(node.Segment)}'.",
        _ => $"The adapters below '{Xml(node.Segment)}'.",
    };

    private static string Xml(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");
}
