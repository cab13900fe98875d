using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>One module class with its bases, as the rules on registration read it.</summary>
internal sealed class ModuleClass
{
    private static readonly string[] ByHand = ["register_module", "add_module", "_internal_submodules", "ClearModules"];

    public ModuleClass(INamedTypeSymbol symbol, RegistrationScope scope, CancellationToken cancellation)
    {
        Symbol = symbol;
        Context = new ReadContext(scope.Compilation, symbol, cancellation, scope.SemanticModelOf);
        Chain = [.. ClassMembers.ChainOf(symbol).Select(c => c.OriginalDefinition)];
        OverridesRegistration = Chain.Any(Overrides);
        RegistersByHand = Chain.Any(c => Declarations(c).Any(d => Mentions(d, ByHand)));
    }

    public INamedTypeSymbol Symbol { get; }

    public ReadContext Context { get; }

    /// <summary>The class and its bases up to TorchSharp's, as they are declared.</summary>
    public IReadOnlyList<INamedTypeSymbol> Chain { get; }

    public bool OverridesRegistration { get; }

    /// <summary>Some code of it registers modules one by one: which, only the run knows.</summary>
    public bool RegistersByHand { get; }

    /// <summary>A base class of another assembly, whose constructors are not seen.</summary>
    public bool HasUnseenBase => Chain.Any(c => !ClassMembers.IsFromSource(c));

    public IEnumerable<TypeDeclarationSyntax> Declarations(INamedTypeSymbol type) =>
        type.DeclaringSyntaxReferences.Select(r => r.GetSyntax(Context.Cancellation)).OfType<TypeDeclarationSyntax>();

    /// <summary>Its own instance constructors that stand in the source.</summary>
    public IEnumerable<ConstructorDeclarationSyntax> Constructors() =>
        Declarations(Symbol).SelectMany(d => d.Members).OfType<ConstructorDeclarationSyntax>().Where(c => !c.Modifiers.Any(SyntaxKind.StaticKeyword));

    /// <summary>Fields that TorchSharp looks at, by the member that a person wrote.</summary>
    public static IEnumerable<(ISymbol Member, ITypeSymbol Type)> Fields(INamedTypeSymbol type) =>
        from field in type.GetMembers().OfType<IFieldSymbol>()
        where !field.IsStatic && !field.IsConst && field.AssociatedSymbol is null or IPropertySymbol && (field.AssociatedSymbol ?? field) is { CanBeReferencedByName: true, DeclaringSyntaxReferences.Length: > 0 }
        select (field.AssociatedSymbol ?? field, field.Type);

    /// <summary>The instance field, or auto-property, of this object that the expression names.</summary>
    public ISymbol? OwnMember(ExpressionSyntax expression)
    {
        var name = expression switch
        {
            IdentifierNameSyntax identifier => identifier,
            MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax or BaseExpressionSyntax, Name: IdentifierNameSyntax member } => member,
            _ => null,
        };
        if (name is null) return null;
        var symbol = SymbolOf(name)?.OriginalDefinition;
        return symbol is IFieldSymbol { IsStatic: false } or IPropertySymbol { IsStatic: false } && Chain.Contains(symbol.ContainingType, SymbolEqualityComparer.Default)
            && Fields(symbol.ContainingType).Any(f => SymbolEqualityComparer.Default.Equals(f.Member, symbol)) ? symbol : null;
    }

    public ISymbol? SymbolOf(SyntaxNode node) => Context.SemanticModelOf(node.SyntaxTree).GetSymbolInfo(node, Context.Cancellation).Symbol;

    public ITypeSymbol? TypeOf(ExpressionSyntax node) => Context.SemanticModelOf(node.SyntaxTree).GetTypeInfo(node, Context.Cancellation) is var info ? info.Type ?? info.ConvertedType : null;

    public static bool Overrides(INamedTypeSymbol type) => type.GetMembers("RegisterComponents").OfType<IMethodSymbol>().Any(m => m.IsOverride);

    /// <summary>Whether one of the names stands anywhere in the code. Says too often yes, never too often no.</summary>
    public static bool Mentions(SyntaxNode node, params string[] names) =>
        node.DescendantTokens().Any(t => t.IsKind(SyntaxKind.IdentifierToken) && Array.IndexOf(names, t.ValueText) >= 0);

    public static bool HoldsModule(ITypeSymbol type) => type switch
    {
        ITypeParameterSymbol parameter => parameter.ConstraintTypes.Any(HoldsModule),
        _ => TorchSharpTypes.IsModule(type),
    };
}
