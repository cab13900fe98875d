using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Sizes of a layer where the source states them as constants; −1 where it does not, or where two places disagree.</summary>
internal static class FeatureSizes
{
    public static (int In, int Out) Of(IReadOnlyList<ExpressionSyntax> origins, ReadContext context)
    {
        (int In, int Out)? agreed = null;
        foreach (var origin in origins)
        {
            var sizes = Of(origin, context);
            agreed = agreed is not { } other ? sizes : (sizes.In == other.In ? sizes.In : -1, sizes.Out == other.Out ? sizes.Out : -1);
        }
        return agreed ?? (-1, -1);
    }

    private static (int In, int Out) Of(ExpressionSyntax origin, ReadContext context)
    {
        if (Expressions.TorchSharpArguments(origin, context) is not { } list) return (-1, -1);
        context.VisitNames(list);
        if (context.SemanticModelOf(origin.SyntaxTree).GetOperation(origin, context.Cancellation) is not IInvocationOperation call) return (-1, -1);
        int inputs = -1, outputs = -1;
        foreach (var argument in call.Arguments)
        {
            // TorchSharp's own parameter names of torch.nn.Linear.
            if (argument.Parameter?.Name == "inputSize") inputs = Constant(argument.Value);
            if (argument.Parameter?.Name == "outputSize") outputs = Constant(argument.Value);
        }
        return (inputs, outputs);
    }

    private static int Constant(IOperation value) => value.ConstantValue.Value switch
    {
        int n and > 0 => n,
        long n and > 0 and <= int.MaxValue => (int)n,
        _ => -1,
    };
}
