using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Whether a value is made from what a method was given, and not from weights alone (a penalty on weights multiplies those, too).</summary>
internal static class InputFlow
{
    public static bool Reaches(IOperation value) => Reaches(value, new HashSet<ISymbol>(SymbolEqualityComparer.Default));

    private static bool Reaches(IOperation value, HashSet<ISymbol> seen) => value.DescendantsAndSelf().Any(o => o switch
    {
        IParameterReferenceOperation parameter => IsInput(parameter.Parameter),
        ILocalReferenceOperation local => seen.Add(local.Local) && ValuesOf(local).Any(v => Reaches(v, seen)),
        _ => false,
    });

    /// <summary>A tensor, or an object that can hold some; not a number, and not a layer. The parameters of a primary constructor are members.</summary>
    private static bool IsInput(IParameterSymbol parameter) =>
        parameter.ContainingSymbol is IMethodSymbol { MethodKind: not MethodKind.Constructor } && parameter.Type is { SpecialType: SpecialType.None, TypeKind: not TypeKind.Enum } type && !TorchSharpTypes.IsModule(type);

    /// <summary>Whatever the local is set to anywhere.</summary>
    private static IEnumerable<IOperation> ValuesOf(ILocalReferenceOperation reference)
    {
        foreach (var operation in LocalDefinition.RootOf(reference).Descendants())
        {
            switch (operation)
            {
                case IVariableDeclaratorOperation variable when Same(variable.Symbol) && variable.GetVariableInitializer() is { Value: { } value }: yield return value; break;
                case IForEachLoopOperation { LoopControlVariable: IVariableDeclaratorOperation variable } loop when Same(variable.Symbol): yield return loop.Collection; break;
                case IAssignmentOperation assignment when assignment.Target.DescendantsAndSelf().Any(t => t is ILocalReferenceOperation l && Same(l.Local)): yield return assignment.Value; break;
                default: break;
            }
        }

        bool Same(ISymbol local) => SymbolEqualityComparer.Default.Equals(local, reference.Local);
    }
}
