using AdaLoRA.Gen.Generators.Models;
using AdaLoRA.Gen.Generators.Reading;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary>Writes the generated part of one annotated class. Each member has an emitter of its own.</summary>
internal static class ModelEmitter
{
    /// <summary>Stands on every member that lands in the annotated class.</summary>
    public static readonly string GeneratedCode =
        $"""[global::System.CodeDom.Compiler.GeneratedCode("{Names.Tool}", "{typeof(ModelEmitter).Assembly.GetName().Version}")]""";

    public static string HintName(ModelSpec model) => model.Type.HintName + ".AdaLoRA.g.cs";

    public static string Emit(ModelSpec model)
    {
        var writer = new IndentedWriter();
        HeaderEmitter.Emit(writer, model);
        var open = new Stack<IndentedWriter.Scope>();
        if (model.Type.Namespace.Length > 0) open.Push(writer.Block($"namespace {model.Type.Namespace}"));
        for (int i = 0; i < model.Type.Declarations.Count - 1; i++) open.Push(writer.Block(model.Type.Declarations[i]));
        open.Push(writer.Block($"{model.Type.Declarations[model.Type.Declarations.Count - 1]} : global::AdaLoRA.Gen.IAdaLoRAModel<{model.Type.SelfType}>"));

        PlanEmitter.Emit(writer, model);
        CollectEmitter.Emit(writer, model);
        ViewEmitter.Emit(writer, model);
        AccessorEmitter.Emit(writer, model);

        while (open.Count > 0) open.Pop().Dispose();
        return writer.ToString();
    }
}
