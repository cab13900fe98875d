using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>The compilation that a model is read from, and a note of every syntax tree that the result depends on.</summary>
/// <param name="compilation">The compilation.</param>
/// <param name="model">The class that is read.</param>
/// <param name="cancellation">Ends the reading.</param>
/// <param name="semantics">Gives semantic models that several readings share: a model remembers what it has bound. Null for own ones.</param>
internal sealed class ReadContext(Compilation compilation, INamedTypeSymbol model, CancellationToken cancellation, Func<SyntaxTree, SemanticModel>? semantics = null)
{
    private readonly Dictionary<SyntaxTree, SemanticModel> _semanticModels = [];
    private readonly HashSet<ISymbol> _constants = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<INamedTypeSymbol, ClassOrigins> _origins = new(SymbolEqualityComparer.Default);

    public Compilation Compilation { get; } = compilation;

    /// <summary>The annotated class; what it may name, generated code may name.</summary>
    public INamedTypeSymbol Model { get; } = model;

    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Trees whose content the result depends on, see <see cref="ReadMemo"/>.</summary>
    public HashSet<SyntaxTree> Visited { get; } = [];

    /// <summary>The framework's <c>[UnsafeAccessor]</c>; a copy of the attribute in somebody's source means nothing to the run time.</summary>
    private readonly INamedTypeSymbol? _unsafeAccessor =
        compilation.GetTypeByMetadataName("System.Runtime.CompilerServices.UnsafeAccessorAttribute") is { DeclaringSyntaxReferences.Length: 0 } type ? type : null;

    /// <summary>Since .NET 8.</summary>
    public bool HasUnsafeAccessor => _unsafeAccessor is not null;

    /// <summary>Since .NET 9; on .NET 8 an accessor in a generic class, or for a field of one, compiles and then throws where it is called.</summary>
    public bool HasGenericUnsafeAccessor => _unsafeAccessor is { ContainingAssembly.Identity.Version.Major: >= 9 };

    public SemanticModel SemanticModelOf(SyntaxTree tree)
    {
        Visited.Add(tree);
        if (!_semanticModels.TryGetValue(tree, out var model)) _semanticModels.Add(tree, model = semantics?.Invoke(tree) ?? Compilation.GetSemanticModel(tree));
        return model;
    }

    /// <summary>What the source of one class says about the first values of its members.</summary>
    public ClassOrigins OriginsOf(INamedTypeSymbol type)
    {
        type = type.OriginalDefinition;
        if (!_origins.TryGetValue(type, out var origins)) _origins.Add(type, origins = ClassOrigins.Read(type, this));
        return origins;
    }

    /// <summary>Whether the compilation declares a class that derives from this one.</summary>
    public bool HasDerived(INamedTypeSymbol type) => DerivedTypes.BasesIn(Compilation).Contains(type.OriginalDefinition);

    public void Visit(ISymbol? symbol)
    {
        if (symbol is null) return;
        foreach (var reference in symbol.DeclaringSyntaxReferences) Visited.Add(reference.SyntaxTree);
    }

    /// <summary>Visits everything that an expression names; through constants, since the value of one changes without its own file being touched.</summary>
    public void VisitNames(SyntaxNode expression)
    {
        var semantics = SemanticModelOf(expression.SyntaxTree);
        foreach (var name in expression.DescendantNodesAndSelf().OfType<SimpleNameSyntax>())
        {
            var symbol = semantics.GetSymbolInfo(name, Cancellation).Symbol;
            if (symbol is null or ILocalSymbol or IParameterSymbol or INamespaceSymbol) continue;
            Visit(symbol);
            // Once each: while it is being written, a constant may name itself, and a stack that overflows takes the compiler with it.
            if (symbol is not IFieldSymbol { IsConst: true } || !_constants.Add(symbol)) continue;
            foreach (var reference in symbol.DeclaringSyntaxReferences)
                if (reference.GetSyntax(Cancellation) is VariableDeclaratorSyntax { Initializer.Value: { } value }) VisitNames(value);
        }
    }

    public bool CanName(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol array => CanName(array.ElementType),
        INamedTypeSymbol named => Compilation.IsSymbolAccessibleWithin(named, Model) && !IsFileLocal(named) && named.TypeArguments.All(CanName),
        _ => true,
    };

    private static bool IsFileLocal(INamedTypeSymbol? type) => type is not null && (type.IsFileLocal || IsFileLocal(type.ContainingType));
}
