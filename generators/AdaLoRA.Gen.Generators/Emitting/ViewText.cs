using AdaLoRA.Gen.Generators.Models;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary>Doc comments of the typed view, as an editor shows them: path, class and sizes.</summary>
internal static class ViewText
{
    /// <summary>Registered path, with <c>*</c> for the index of a list's item.</summary>
    public static string Path(string parent, NodeSpec node) => (parent.Length == 0 ? "" : parent + ".") + (node.IsItem ? "*" : node.Segment);

    public static string Summary(NodeSpec node, string path) => node.Shape switch
    {
        NodeShape.Target => $"The adapter of <c>{Xml(path)}</c>: {Xml(node.TypeName)}{Sizes(node)}.",
        NodeShape.List => $"The adapters below <c>{Xml(path)}</c>, a list{(node.Count is { } count ? $" of {count}" : "")}.",
        _ => $"The adapters below <c>{Xml(path)}</c>: {Xml(node.TypeName)}.",
    };

    public static string Xml(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");

    private static string Sizes(NodeSpec node) => node is { InFeatures: > 0, OutFeatures: > 0 } ? $", {node.InFeatures} → {node.OutFeatures}" : "";
}
