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

            """);
        writer.Line(ModelEmitter.GeneratedCode);
        using (writer.Block("private static class AdaLoRAPlanHolder"))
        {
            writer.Line("""
                /// <summary>What TorchSharp reads of a module class by reflection.</summary>
                internal const global::System.Diagnostics.CodeAnalysis.DynamicallyAccessedMemberTypes ModuleMembers =
                    global::System.Diagnostics.CodeAnalysis.DynamicallyAccessedMemberTypes.PublicFields
                    | global::System.Diagnostics.CodeAnalysis.DynamicallyAccessedMemberTypes.NonPublicFields
                    | global::System.Diagnostics.CodeAnalysis.DynamicallyAccessedMemberTypes.PublicProperties;

                """);
            writer.Line("internal static readonly global::AdaLoRA.Gen.AdaLoRAPlan Plan = new(");
            using (writer.Indent())
            {
                writer.Line(Text(model.Type.DisplayName) + ",");
                EmitOptions(writer, model.Options);
                EmitList(writer, model.IsStub ? [] : model.Slots.Select(s => $"new({Text(s.Path)}, {s.InFeatures}, {s.OutFeatures})"), ",");
                EmitList(writer, model.IsStub ? [] : model.ResidualPatterns.Select(Text), ");");
            }
        }
        writer.Line();
    }

    private static void EmitOptions(IndentedWriter writer, EquatableArray<OptionSpec> options)
    {
        if (options.Count == 0)
        {
            writer.Line("static () => new global::AdaLoRA.Gen.AdaLoRAOptions(),");
            return;
        }
        using (writer.Block("static () => new global::AdaLoRA.Gen.AdaLoRAOptions", "},"))
            foreach (var option in options) writer.Line($"{option.Name} = {option.Value},");
    }

    private static void EmitList(IndentedWriter writer, IEnumerable<string> items, string end)
    {
        var lines = items.ToList();
        if (lines.Count == 0)
        {
            writer.Line("[]" + end);
            return;
        }
        writer.Line("[");
        using (writer.Indent())
            foreach (string line in lines) writer.Line(line + ",");
        writer.Line("]" + end);
    }

    private static string Text(string value) => SymbolDisplay.FormatLiteral(value, quote: true);
}
