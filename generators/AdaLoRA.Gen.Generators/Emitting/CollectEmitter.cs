using AdaLoRA.Gen.Generators.Models;
using AdaLoRA.Gen.Generators.Reading;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary><c>IAdaLoRAModel.CollectTargets</c>: one <c>if</c> a module on the way, one loop a list, so that its size does not grow with the number of layers.</summary>
internal static class CollectEmitter
{
    public static void Emit(IndentedWriter writer, ModelSpec model)
    {
        writer.Line("/// <inheritdoc/>").Line(ModelEmitter.GeneratedCode);
        using (writer.Block($"static void global::AdaLoRA.Gen.IAdaLoRAModel<{model.Type.SelfType}>.CollectTargets({model.Type.SelfType} model, global::AdaLoRA.Gen.AdapterTargetCollector targets)"))
        {
            if (!model.IsStub) EmitNodes(writer, model.Collected, "model", "", [], new LocalNames("model", "targets", Names.AccessorsClass));
        }
        writer.Line();
    }

    /// <param name="parentPath">Text of an interpolated string for the parent's path.</param>
    /// <param name="indices">Loop variables, outermost first.</param>
    private static void EmitNodes(IndentedWriter writer, EquatableArray<NodeSpec> nodes, string parent, string parentPath, IReadOnlyList<string> indices, LocalNames locals)
    {
        for (int i = 0; i < nodes.Count; i++)
        {
            string condition = IndexCondition.Of(nodes[i].Condition, indices);
            // Neighbours that are adapted at the same indices share their condition.
            int end = i + 1;
            while (condition.Length > 0 && end < nodes.Count && nodes[end].Shape == NodeShape.Target && nodes[end].Condition.Equals(nodes[i].Condition)) end++;
            if (end - i == 1)
            {
                EmitNode(writer, nodes[i], condition.Length == 0 ? "" : $"if ({condition}) ", parent, parentPath, indices, locals);
                continue;
            }
            using (writer.Block($"if ({condition})"))
                for (; i < end; i++) EmitNode(writer, nodes[i], "", parent, parentPath, indices, locals);
            i--;
        }
    }

    /// <param name="condition">What stands before a target.</param>
    private static void EmitNode(IndentedWriter writer, NodeSpec node, string condition, string parent, string parentPath, IReadOnlyList<string> indices, LocalNames locals)
    {
        string path = PathOf(node, parentPath, indices);
        if (node.Shape == NodeShape.Target)
        {
            string layer = Access(node, parent, indices) + (node.TypeTest is { } type ? $" as {type}" : "");
            writer.Line($"{condition}targets.Add({(indices.Count > 0 ? "$" : "")}\"{path}\", {layer});");
            return;
        }
        string local = LocalOf(node, locals), test = $"if ({Test(node, parent, indices, local)}";
        // A module that only leads to one other is a line of the same condition.
        while (node is { Shape: NodeShape.Module, Children.Count: 1 } && node.Children[0].Shape != NodeShape.Target)
        {
            (node, parent) = (node.Children[0], local);
            path = PathOf(node, path, indices);
            local = LocalOf(node, locals);
            test += $"\n    && {Test(node, parent, indices, local)}";
        }
        using (writer.Block(test + ")"))
        {
            if (node.Shape == NodeShape.Module)
            {
                EmitNodes(writer, node.Children, local, path, indices, locals);
                return;
            }
            string index = locals.New("i");
            using (writer.Block($"for (int {index} = 0; {index} < {local}.Count; {index}++)"))
                EmitNodes(writer, node.Children, local, path, [.. indices, index], locals);
        }
    }

    private static string LocalOf(NodeSpec node, LocalNames locals) => locals.New(node.IsItem ? "item" : Names.Spoken(node.Segment));

    private static string Test(NodeSpec node, string parent, IReadOnlyList<string> indices, string local) => $"{Access(node, parent, indices)} is {node.TypeTest ?? "{ }"} {local}";

    private static string Access(NodeSpec node, string parent, IReadOnlyList<string> indices) =>
        string.Format(System.Globalization.CultureInfo.InvariantCulture, node.Access, parent, indices.Count > 0 ? indices[indices.Count - 1] : "");

    private static string PathOf(NodeSpec node, string parentPath, IReadOnlyList<string> indices) =>
        parentPath + (parentPath.Length == 0 ? "" : ".") + (node.IsItem ? $"{{{indices[indices.Count - 1]}}}" : Escape(node.Segment, indices.Count > 0));

    private static string Escape(string segment, bool isInterpolated)
    {
        string text = segment.Replace("\\", "\\\\").Replace("\"", "\\\"");
        return isInterpolated ? text.Replace("{", "{{").Replace("}", "}}") : text;
    }
}
