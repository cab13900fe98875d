using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>ADALORA025: constructors that never call RegisterComponents(), of classes for which no parent calls it.</summary>
internal static class MissingRegistration
{
    private static readonly string[] Calls = ["RegisterComponents", "register_module", "add_module", "_internal_submodules"];

    public static void Check(ModuleClass read, RegistrationScope scope, Action<Diagnostic> report)
    {
        var type = read.Symbol;
        var flow = new ConstructorFlow(read);
        bool inSequential = scope.IsInSequential(type) && (!scope.IsChild(type) || IsMadeInSequential(type, read, scope));
        if (type.IsAbstract || scope.HasDerived(type) || read.HasUnseenBase || !(inSequential || scope.IsTopLevel(type)) || !(inSequential ? MakesModules(read) : HasModules(read)) || IsCalledInMembers(read)) return;
        string sentence = $"The constructor of '{type.Name}' does not call RegisterComponents()" + (inSequential
            ? ", nor does the Sequential that it is in, so nothing in it is registered"
            : ", so TorchSharp registers nothing of it and no adapter can be attached");
        var constructors = type.InstanceConstructors.Where(c => c.DeclaringSyntaxReferences.Length > 0).ToList();
        if (constructors.Count == 0)
        {
            if (type.InstanceConstructors.FirstOrDefault() is { } unwritten && !MayRegister(unwritten, read)) Report(type.Locations[0]);
            return;
        }
        foreach (var constructor in constructors)
        {
            // What this(…) leads to is reported itself, and what only others build on leaves the call to them.
            if (MayRegister(constructor, read) || IsSame(flow.Called(constructor)?.ContainingType, type) || IsForOthers(constructor)) continue;
            Report(constructor.Locations[0]);
        }

        bool IsForOthers(IMethodSymbol constructor) => constructor.DeclaredAccessibility is Accessibility.Protected or Accessibility.ProtectedAndInternal
            || constructors.Exists(c => IsSame(flow.Called(c), constructor) && MayRegister(c, read));

        void Report(Location location) => report(Diagnostic.Create(Rules.RegistrationMissed, location, sentence, "call it at the end of the constructor"));
    }

    private static bool IsSame(ISymbol? a, ISymbol? b) => SymbolEqualityComparer.Default.Equals(a, b);

    private static bool HasModules(ModuleClass read) => read.Chain.SelectMany(ModuleClass.Fields).Any(f => ModuleClass.HoldsModule(f.Type) || TorchSharpTypes.IsParameter(f.Type));

    /// <summary>In a Sequential the class may be given modules that the model holds elsewhere; what it makes itself is lost.</summary>
    private static bool MakesModules(ModuleClass read) => read.Chain.SelectMany(ModuleClass.Fields).Any(f =>
        TorchSharpTypes.IsParameter(f.Type) || (ModuleClass.HoldsModule(f.Type) && MemberFlow.Of(f.Member, read).Values.Exists(v => Creations.IsCreation(v, read))));

    /// <summary>Of a class that parents register, too, the item may be one that a parent holds; not so one that is made where it is handed over.</summary>
    private static bool IsMadeInSequential(INamedTypeSymbol type, ModuleClass read, RegistrationScope scope) => scope.Classes.SelectMany(read.Declarations)
        .SelectMany(d => d.DescendantNodes()).OfType<BaseObjectCreationExpressionSyntax>()
        .Any(made => made.Parent is ArgumentSyntax && IsSame(read.TypeOf(made)?.OriginalDefinition, type)
            && made.Ancestors().OfType<ExpressionSyntax>().FirstOrDefault(e => e is not TupleExpressionSyntax) is { } call && read.TypeOf(call) is { } holder && TorchSharpTypes.IsSequential(holder));

    /// <summary>Outside constructors: a method, an accessor or an initialiser of the class or a base, which may well be run in time.</summary>
    private static bool IsCalledInMembers(ModuleClass read) => read.Chain.SelectMany(read.Declarations).SelectMany(d => d.Members)
        .Any(member => member is not ConstructorDeclarationSyntax && ModuleClass.Mentions(member, Calls));

    private static bool MayRegister(IMethodSymbol constructor, ModuleClass read)
    {
        var flow = new ConstructorFlow(read);
        for (var next = constructor; next is not null; next = flow.Called(next))
        {
            if (next.DeclaringSyntaxReferences.Any(r => r.GetSyntax(read.Context.Cancellation) is ConstructorDeclarationSyntax syntax && ModuleClass.Mentions(syntax, Calls))) return true;
        }
        return false;
    }
}
