using AdaLoRA.Gen.Generators.Models;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary><c>IAdaLoRAModel.Plan</c>: the attribute's values and the layers that its patterns matched.</summary>
internal static class PlanEmitter
{
    public static void Emit(IndentedWriter writer, ModelSpec model)
    {
        writer.Line($"""
            /// <inheritdoc/>
            {ModelEmitter.GeneratedCode}
            static global::AdaLoRA.Gen.AdaLoRAPlan global::AdaLoRA.Gen.IAdaLoRAModel<{model.Type.SelfType}>.Plan => AdaLoRAPlanHolder.Plan;

            {ModelEmitter.GeneratedCode}
            """);
        using (writer.Block("private static class AdaLoRAPlanHolder"))
        {
            writer.Line("internal static readonly global::AdaLoRA.Gen.AdaLoRAPlan Plan = Create();").Line();
            EmitKept(writer, model.ModuleClasses);
            writer.Line("private static global::AdaLoRA.Gen.AdaLoRAPlan Create() => new(");
            using (writer.Indent())
            {
                writer.Line($"modelName: {Text(model.Type.Name)},");
                EmitOptions(writer, model.Options);
                if (!model.IsStub && model.Slots.Count > 0) writer.Line("// Path, columns and rows of the matrix; -1 is known at run time only.");
                EmitList(writer, "slots", model.IsStub ? [] : model.Slots.Select(s => $"new({Text(s.Path)}, {s.InFeatures}, {s.OutFeatures})"), ",");
                EmitList(writer, "residualPatterns", model.IsStub ? [] : model.ResidualPatterns.Select(Text), ");");
            }
        }
        writer.Line();
    }

    /// <summary>Here, since whatever is done with the adapters of a model starts with its plan; a trimmer sees that, too.</summary>
    private static void EmitKept(IndentedWriter writer, EquatableArray<ModuleClassSpec> classes)
    {
        writer.Line("// TorchSharp finds modules by reflection over fields. Under NativeAOT these classes keep theirs; without, it would find no parameters and say nothing.");
        foreach (var type in classes)
        {
            string which = type.Assembly is { } assembly ? $"{Text(type.TypeOf)}, {Text(assembly)}" : $"typeof({type.TypeOf})";
            writer.Line($"[global::System.Diagnostics.CodeAnalysis.DynamicDependency(global::AdaLoRA.Gen.AdaLoRAPlan.ModuleMembers, {which})]");
        }
    }

    private static void EmitOptions(IndentedWriter writer, EquatableArray<OptionSpec> options)
    {
        if (options.Count == 0)
        {
            writer.Line("defaults: static () => new global::AdaLoRA.Gen.AdaLoRAOptions(),");
            return;
        }
        using (writer.Block("defaults: static () => new global::AdaLoRA.Gen.AdaLoRAOptions", "},"))
            foreach (var option in options) writer.Line($"{option.Name} = {option.Value},");
    }

    private static void EmitList(IndentedWriter writer, string name, IEnumerable<string> items, string end)
    {
        var lines = items.ToList();
        if (lines.Count == 0)
        {
            writer.Line($"{name}: []{end}");
            return;
        }
        writer.Line($"{name}:").Line("[");
        using (writer.Indent())
            foreach (string line in lines) writer.Line(line + ",");
        writer.Line("]" + end);
    }

    private static string Text(string value) => SymbolDisplay.FormatLiteral(value, quote: true);
}
