using AdaLoRA.Gen.Generators.Models;
using AdaLoRA.Gen.Generators.Reading;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary>The readers of private fields. A field of a generic class needs a generic class around the accessor: with a closed owner the run time finds no field.</summary>
internal static class AccessorEmitter
{
    public static void Emit(IndentedWriter writer, ModelSpec model)
    {
        if (model.IsStub || model.Accessors.Count == 0) return;
        writer.Line();
        writer.Line(ModelEmitter.GeneratedCode);
        using (writer.Block($"private static class {Names.AccessorsClass}"))
        {
            bool first = true;
            foreach (var accessor in model.Accessors)
            {
                if (!first) writer.Line();
                first = false;
                if (accessor.TypeParameters.Length == 0)
                {
                    EmitMethod(writer, accessor, accessor.Name);
                }
                else
                {
                    using (writer.Block($"internal static class {accessor.Name}{accessor.TypeParameters}{accessor.Constraints}")) EmitMethod(writer, accessor, "Get");
                }
            }
        }
    }

    private static void EmitMethod(IndentedWriter writer, AccessorSpec accessor, string name) => writer.Line($"""
        [global::System.Runtime.CompilerServices.UnsafeAccessor(global::System.Runtime.CompilerServices.UnsafeAccessorKind.Field, Name = "{accessor.FieldName}")]
        internal static extern ref {accessor.FieldType} {name}({accessor.Owner} owner);
        """);
}
