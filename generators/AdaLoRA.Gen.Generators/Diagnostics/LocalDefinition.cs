using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Diagnostics;

internal enum LocalDefinitionKind
{
    /// <summary>Set in several places, or in one that says too little.</summary>
    Unknown,

    /// <summary>The local is the value.</summary>
    Value,

    /// <summary>The local is each item of the value in turn.</summary>
    Item,
}

/// <summary>What a local that is set in one place only is set to.</summary>
internal readonly record struct LocalDefinition(LocalDefinitionKind Kind, IOperation? Value)
{
    public static LocalDefinition Of(ILocalReferenceOperation reference)
    {
        LocalDefinition found = default;
        foreach (var operation in RootOf(reference).DescendantsAndSelf())
        {
            if (operation is ILocalReferenceOperation { IsDeclaration: false } other && Same(other.Local, reference.Local) && IsWritten(other)) return default;
            if (Definition(operation, reference.Local) is { } definition) found = definition;
        }
        return found;
    }

    /// <summary>The whole body that an operation stands in.</summary>
    public static IOperation RootOf(IOperation operation)
    {
        while (operation.Parent is { } parent) operation = parent;
        return operation;
    }

    private static LocalDefinition? Definition(IOperation operation, ILocalSymbol local) => operation switch
    {
        IVariableDeclaratorOperation { Parent: not IForEachLoopOperation } variable when Same(variable.Symbol, local) && variable.GetVariableInitializer() is { Value: { } value } =>
            new LocalDefinition(LocalDefinitionKind.Value, value),
        IForEachLoopOperation { LoopControlVariable: IVariableDeclaratorOperation variable } loop when Same(variable.Symbol, local) => new LocalDefinition(LocalDefinitionKind.Item, loop.Collection),
        IIsPatternOperation { Pattern: IDeclarationPatternOperation { DeclaredSymbol: { } declared } } test when Same(declared, local) => new LocalDefinition(LocalDefinitionKind.Value, test.Value),
        IIsPatternOperation { Pattern: IRecursivePatternOperation { DeclaredSymbol: { } declared } } test when Same(declared, local) => new LocalDefinition(LocalDefinitionKind.Value, test.Value),
        IDeconstructionAssignmentOperation assignment when Part(assignment, local) is { } part => new LocalDefinition(LocalDefinitionKind.Value, part),
        _ => null,
    };

    /// <summary>Of <c>var (a, b) = (first, second)</c>.</summary>
    private static IOperation? Part(IDeconstructionAssignmentOperation assignment, ILocalSymbol local)
    {
        var target = assignment.Target is IDeclarationExpressionOperation declaration ? declaration.Expression : assignment.Target;
        var value = assignment.Value;
        while (value is IConversionOperation conversion) value = conversion.Operand;
        if (target is not ITupleOperation names || value is not ITupleOperation values || names.Elements.Length != values.Elements.Length) return null;
        for (int i = 0; i < names.Elements.Length; i++)
        {
            var name = names.Elements[i] is IDeclarationExpressionOperation one ? one.Expression : names.Elements[i];
            if (name is ILocalReferenceOperation { IsDeclaration: true } declared && Same(declared.Local, local)) return values.Elements[i];
        }
        return null;
    }

    private static bool IsWritten(IOperation reference)
    {
        var parent = reference.Parent;
        // In a tuple on the left of a deconstruction.
        while (parent is ITupleOperation) (reference, parent) = (parent, parent.Parent);
        return parent switch
        {
            IAssignmentOperation assignment => assignment.Target == reference,
            IIncrementOrDecrementOperation => true,
            IArgumentOperation { Parameter.RefKind: RefKind.Ref or RefKind.Out } => true,
            _ => false,
        };
    }

    private static bool Same(ISymbol a, ISymbol b) => SymbolEqualityComparer.Default.Equals(a, b);
}
