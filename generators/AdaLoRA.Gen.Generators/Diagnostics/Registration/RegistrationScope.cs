using System.Collections.Concurrent;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>The classes that the annotated models of a compilation are made of, and what the rules on registration ask of their places in the models.</summary>
internal sealed class RegistrationScope(Compilation compilation)
{
    private readonly ConcurrentDictionary<SyntaxTree, SemanticModel> _semanticModels = new();
    private readonly HashSet<INamedTypeSymbol> _classes = new(SymbolEqualityComparer.Default);
    private readonly HashSet<INamedTypeSymbol> _roots = new(SymbolEqualityComparer.Default);
    private readonly HashSet<INamedTypeSymbol> _children = new(SymbolEqualityComparer.Default);
    private readonly HashSet<INamedTypeSymbol> _itemsOfSequential = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _holders = new(SymbolEqualityComparer.Default);

    public Compilation Compilation { get; } = compilation;

    /// <summary>Every class with source here: annotated, a base of one, or of a module in one.</summary>
    public IReadOnlyCollection<INamedTypeSymbol> Classes => _classes;

    public bool Contains(INamedTypeSymbol type) => _classes.Contains(type);

    /// <summary>Annotated, and no annotated model is a parent that would register it.</summary>
    public bool IsTopLevel(INamedTypeSymbol type) => _roots.Contains(type) && !_children.Contains(type);

    /// <summary>A field or an item of a list somewhere, so that a parent registers it.</summary>
    public bool IsChild(INamedTypeSymbol type) => _children.Contains(type);

    /// <summary>An item of a <c>Sequential</c>, which calls RegisterComponents of none.</summary>
    public bool IsInSequential(INamedTypeSymbol type) => _itemsOfSequential.Contains(type);

    /// <summary>The member holds a target, or a module with a target in it.</summary>
    public bool HoldsTarget(ISymbol member) => _holders.Contains(member.OriginalDefinition);

    /// <summary>A class of a model derives from it, and may do what it leaves out.</summary>
    public bool HasDerived(INamedTypeSymbol type) => _classes.Any(c => SymbolEqualityComparer.Default.Equals(c.BaseType?.OriginalDefinition, type));

    /// <summary>A class derived from it registers as it likes.</summary>
    public bool IsExtendedByOverride(INamedTypeSymbol type) => _classes.Any(c =>
        ClassMembers.ChainOf(c).Any(b => SymbolEqualityComparer.Default.Equals(b.OriginalDefinition, type))
        && ClassMembers.ChainOf(c).TakeWhile(b => !SymbolEqualityComparer.Default.Equals(b.OriginalDefinition, type)).Any(ModuleClass.Overrides));

    /// <summary>One for all classes, since analyzers come class by class and a model remembers what it has bound.</summary>
    public SemanticModel SemanticModelOf(SyntaxTree tree) => _semanticModels.GetOrAdd(tree, t => Compilation.GetSemanticModel(t));

    public static RegistrationScope In(Compilation compilation, CancellationToken cancellation)
    {
        var scope = new RegistrationScope(compilation);
        foreach (var type in AnnotatedTypes.In(compilation, cancellation))
        {
            var reading = ModelReader.Read(type, compilation, cancellation);
            if (reading.Graph is not { } graph) continue;
            scope._roots.Add(type.OriginalDefinition);
            foreach (var met in graph.Classes) scope.AddClass(met);
            foreach (var node in graph.Root.Descendants()) scope.AddNode(node);
            foreach (var target in graph.Targets)
                for (var node = target; node is not null; node = node.Parent)
                    if (node.Member is { } member) scope._holders.Add(member.OriginalDefinition);
        }
        return scope;
    }

    private void AddNode(ModuleNode node)
    {
        if (node.Type is not INamedTypeSymbol type) return;
        // Subclasses of containers are not walked, so they are not among the classes that were met.
        if (TorchSharpTypes.IsModule(type)) AddClass(type);
        bool isItem = node.Parent?.Type is { } parent && TorchSharpTypes.IsSequential(parent);
        (isItem ? _itemsOfSequential : _children).Add(type.OriginalDefinition);
    }

    private void AddClass(INamedTypeSymbol type)
    {
        foreach (var declaring in ClassMembers.ChainOf(type))
            if (ClassMembers.IsFromSource(declaring)) _classes.Add(declaring.OriginalDefinition);
    }
}
