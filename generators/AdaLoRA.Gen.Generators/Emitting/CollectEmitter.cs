using AdaLoRA.Gen.Generators.Models;
using AdaLoRA.Gen.Generators.Reading;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary><c>IAdaLoRAModel.CollectTargets</c>: one <c>if</c> a module on the way, one loop a list, so that its size does not grow with the number of layers.</summary>
internal static class CollectEmitter
{
    public static void Emit(IndentedWriter writer, ModelSpec model)
    {
        writer.Line("/// <inheritdoc/>").Line(ModelEmitter.GeneratedCode);
        EmitKept(writer, model.ModuleClasses);
        using (writer.Block($"static void global::AdaLoRA.Gen.IAdaLoRAModel<{model.Type.SelfType}>.CollectTargets({model.Type.SelfType} model, global::AdaLoRA.Gen.AdapterTargetCollector targets)"))
        {
            if (!model.IsStub)
            {
                var locals = new LocalNames("model", "targets");
                foreach (var node in model.Collected) EmitNode(writer, node, "model", "", [], locals);
            }
        }
        writer.Line();
    }

    /// <summary>TorchSharp finds modules by reflection over fields, which a trimmer would remove without a word; here every class of the graph keeps them.</summary>
    private static void EmitKept(IndentedWriter writer, EquatableArray<ModuleClassSpec> classes)
    {
        foreach (var type in classes)
        {
            string which = type.Assembly is { } assembly ? $"\"{type.TypeOf}\", \"{assembly}\"" : $"typeof({type.TypeOf})";
            writer.Line($"[global::System.Diagnostics.CodeAnalysis.DynamicDependency(AdaLoRAPlanHolder.ModuleMembers, {which})]");
        }
    }

    /// <param name="path">Text of an interpolated string for the parent's path.</param>
    /// <param name="indices">Loop variables, outermost first.</param>
    private static void EmitNode(IndentedWriter writer, NodeSpec node, string parent, string path, IReadOnlyList<string> indices, LocalNames locals)
    {
        string own = path + (path.Length == 0 ? "" : ".") + (node.Segment.Length == 0 ? $"{{{indices[indices.Count - 1]}}}" : Escape(node.Segment));
        string access = string.Format(System.Globalization.CultureInfo.InvariantCulture, node.Access, parent, indices.Count > 0 ? indices[indices.Count - 1] : "");
        string condition = Condition(node.Condition, indices);
        if (node.Shape == NodeShape.Target)
        {
            string layer = node.TypeTest is { } type ? $"{access} as {type}" : access;
            writer.Line($"{condition}targets.Add({(indices.Count > 0 ? "$" : "")}\"{own}\", {layer});");
            return;
        }
        string local = locals.New(node.Segment.Length == 0 ? "item" : Names.Spoken(node.Segment));
        using (writer.Block($"if ({access} is {node.TypeTest ?? "{ }"} {local})"))
        {
            if (node.Shape != NodeShape.List)
            {
                foreach (var child in node.Children) EmitNode(writer, child, local, own, indices, locals);
                return;
            }
            string index = locals.New("i");
            using (writer.Block($"for (int {index} = 0; {index} < {local}.Count; {index}++)"))
                foreach (var item in node.Children) EmitNode(writer, item, local, own, [.. indices, index], locals);
        }
    }

    private static string Condition(EquatableArray<IndexTuple> tuples, IReadOnlyList<string> indices)
    {
        if (tuples.Count == 0) return "";
        var alternatives = tuples.Select(tuple => string.Join(" && ", tuple.Indices
            .Select((set, i) => (set, Index: indices[i]))
            .Where(s => s.set.Count > 0)
            .Select(s => $"{s.Index} is {string.Join(" or ", s.set)}"))).ToList();
        return $"if ({(alternatives.Count == 1 ? alternatives[0] : string.Join(" || ", alternatives.Select(a => $"({a})")))}) ";
    }

    private static string Escape(string segment) => segment.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("{", "{{").Replace("}", "}}");
}
