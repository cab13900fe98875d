using AdaLoRA.Gen.Generators.Models;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary>
/// The typed view: <c>model.AdaLoRA.encoder.layers[1].attention.query</c> is the adapter of that layer. One struct a module that leads to a target, over the
/// model's adapters and a path.
/// </summary>
internal static class ViewEmitter
{
    private const string Set = "global::AdaLoRA.Gen.AdapterSet";
    private const string Adapter = "global::AdaLoRA.Gen.Adapter";

    private sealed record View(string Name, string Summary, EquatableArray<NodeSpec> Children, bool IsList);

    public static void Emit(IndentedWriter writer, ModelSpec model)
    {
        writer.Line($"""
            /// <summary>The adapters of this model, by the names of the layers that carry them.</summary>
            {ModelEmitter.GeneratedCode}
            public AdaLoRAView AdaLoRA => new({Set}.Of(this) ?? throw new global::AdaLoRA.Gen.AdaLoRAException("{model.Type.DisplayName} has no adapters; call AttachAdaLoRA() first."), "");
            """);
        var names = new LocalNames("AdaLoRAView");
        var views = new Queue<View>();
        views.Enqueue(new View("AdaLoRAView", $"The adapters of <see cref=\"{Cref(model.Type.Declarations)}\"/>.", model.Viewed, false));
        while (views.Count > 0)
        {
            writer.Line();
            EmitStruct(writer, views.Dequeue(), names, views);
        }
    }

    private static void EmitStruct(IndentedWriter writer, View view, LocalNames names, Queue<View> views)
    {
        var members = new LocalNames(view.Name, "Equals", "GetHashCode", "ToString", "GetType", "MemberwiseClone", "ReferenceEquals", "Finalize");
        string set = members.New("_adapters"), path = members.New("_path");
        writer.Line($"/// <summary>{view.Summary}</summary>").Line(ModelEmitter.GeneratedCode);
        using (writer.Block($"public readonly struct {view.Name}"))
        {
            writer.Line($$"""
                private readonly {{Set}} {{set}};
                private readonly string {{path}};

                internal {{view.Name}}({{Set}} adapters, string path)
                {
                    {{set}} = adapters;
                    {{path}} = path;
                }
                """);
            foreach (var child in view.Children)
            {
                writer.Line();
                EmitMember(writer, child, view, set, path, members, names, views);
            }
        }
    }

    private static void EmitMember(IndentedWriter writer, NodeSpec node, View view, string set, string path, LocalNames members, LocalNames names, Queue<View> views)
    {
        string type = Adapter;
        if (node.Shape != NodeShape.Target)
        {
            type = names.New("AdaLoRAView_" + (node.Segment.Length == 0 ? view.Name.Replace("AdaLoRAView_", "") + "Item" : Names.Spoken(node.Segment)));
            views.Enqueue(new View(type, node.Segment.Length == 0 ? "One item of the list." : $"The adapters below '{Xml(node.Segment)}'.", node.Children, node.Shape == NodeShape.List));
        }
        string head, below;
        if (node.Segment.Length == 0)
        {
            writer.Line("""
                /// <summary>One item of the list.</summary>
                /// <param name="index">Its index.</param>
                """);
            head = $"{type} this[int index]";
            below = $"{path} + index.ToString(global::System.Globalization.CultureInfo.InvariantCulture){(node.Shape == NodeShape.Target ? "" : " + \".\"")}";
        }
        else
        {
            writer.Line($"/// <summary>{(node.Shape == NodeShape.Target ? "The adapter" : "The adapters")} {(node.Shape == NodeShape.Target ? "of" : "below")} '{Xml(node.Segment)}'.</summary>");
            head = $"{type} {members.New(Names.Spoken(node.Segment))}";
            below = $"{path} + {SymbolDisplay.FormatLiteral(node.Shape == NodeShape.Target ? node.Segment : node.Segment + ".", quote: true)}";
        }
        writer.Line(node.Shape == NodeShape.Target ? $"public {head} => {set}.Find({below});" : $"public {head} => new({set}, {below});");
    }

    private static string Cref(EquatableArray<string> declarations)
    {
        string declaration = declarations[declarations.Count - 1];
        return declaration.Substring(declaration.LastIndexOf(' ', declaration.IndexOf('<') is var open && open > 0 ? open : declaration.Length - 1) + 1).Replace('<', '{').Replace('>', '}');
    }

    private static string Xml(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");
}
