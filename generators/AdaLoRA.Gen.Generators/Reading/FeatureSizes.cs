using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>
/// Columns and rows of the matrix that a layer's weight is or folds into, where the source states them as constants; −1 where it does not, or where two places disagree.
/// A convolution's columns are in ÷ groups × the kernel's sides; an embedding's columns are its indices.
/// </summary>
internal static class FeatureSizes
{
    public static (int In, int Out) Of(LayerKind kind, IReadOnlyList<ExpressionSyntax> origins, ReadContext context)
    {
        (int In, int Out)? agreed = null;
        foreach (var origin in origins)
        {
            var sizes = Of(kind, origin, context);
            agreed = agreed is not { } other ? sizes : (sizes.In == other.In ? sizes.In : -1, sizes.Out == other.Out ? sizes.Out : -1);
        }
        return agreed ?? (-1, -1);
    }

    /// <summary>Whether a convolution is known to have several groups.</summary>
    public static bool AreGrouped(IReadOnlyList<ExpressionSyntax> origins, ReadContext context) =>
        origins.Count > 0 && origins.All(origin => Size(Arguments(origin, context), "groups") > 1);

    /// <summary>The parameter names are those of TorchSharp's factories and of this library's constructors.</summary>
    private static (int In, int Out) Of(LayerKind kind, ExpressionSyntax origin, ReadContext context)
    {
        var arguments = Arguments(origin, context);
        return kind switch
        {
            LayerKind.Linear => (Size(arguments, "inputSize"), Size(arguments, "outputSize")),
            LayerKind.TransposedLinear or LayerKind.QuantizableLinear => (Size(arguments, "inFeatures"), Size(arguments, "outFeatures")),
            LayerKind.Embedding => (Size(arguments, "num_embeddings"), Size(arguments, "embedding_dims")),
            LayerKind.QuantizableEmbedding => (Size(arguments, "numEmbeddings"), Size(arguments, "embeddingDims")),
            _ => (Columns(arguments, 1 + (kind - LayerKind.Conv1d)), Size(arguments, "out_channels")),
        };
    }

    /// <summary>What the layer is made with, defaults included; nothing where it is made by other code than TorchSharp's and this library's.</summary>
    public static ImmutableArray<IArgumentOperation> Arguments(ExpressionSyntax origin, ReadContext context)
    {
        var list = origin switch
        {
            InvocationExpressionSyntax call => call.ArgumentList,
            BaseObjectCreationExpressionSyntax made => made.ArgumentList,
            _ => null,
        };
        if (list is null) return ImmutableArray<IArgumentOperation>.Empty;
        switch (context.SemanticModelOf(origin.SyntaxTree).GetOperation(origin, context.Cancellation))
        {
            case IInvocationOperation call when TorchSharpTypes.IsFromTorchSharp(call.TargetMethod):
                context.VisitNames(list);
                return call.Arguments;
            case IObjectCreationOperation { Type: { } type } made when AdaptableLayers.IsOwn(type):
                context.VisitNames(list);
                return made.Arguments;
            default:
                return ImmutableArray<IArgumentOperation>.Empty;
        }
    }

    private static int Columns(ImmutableArray<IArgumentOperation> arguments, int dimensions)
    {
        int channels = Size(arguments, "in_channels"), groups = Size(arguments, "groups");
        if (channels < 0 || groups < 0 || channels % groups != 0 || Value(arguments, "kernel_size") is not { } kernel) return -1;
        long columns = channels / groups;
        foreach (int side in Sides(kernel, dimensions))
        {
            columns *= side;
            if (columns is < 0 or > int.MaxValue) return -1;
        }
        return (int)columns;
    }

    /// <summary>Of a kernel given as one number or as a tuple.</summary>
    private static IEnumerable<int> Sides(IOperation kernel, int dimensions)
    {
        var bare = kernel;
        while (bare is IConversionOperation conversion) bare = conversion.Operand;
        return bare is ITupleOperation tuple ? tuple.Elements.Select(Constant) : Enumerable.Repeat(Constant(kernel), dimensions);
    }

    public static int Size(ImmutableArray<IArgumentOperation> arguments, string parameter) => Value(arguments, parameter) is { } value ? Constant(value) : -1;

    public static IOperation? Value(ImmutableArray<IArgumentOperation> arguments, string parameter) => arguments.FirstOrDefault(a => a.Parameter?.Name == parameter)?.Value;

    public static int Constant(IOperation value) => value.ConstantValue.Value switch
    {
        int n and > 0 => n,
        long n and > 0 and <= int.MaxValue => (int)n,
        _ => -1,
    };
}
