using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>ADALORA022: a member that holds a target gets another module when the model is made already.</summary>
internal static class Reassignments
{
    private static readonly string[] Calls = ["RegisterComponents", "register_module", "add_module", "_internal_submodules"];

    public static void Register(CompilationStartAnalysisContext start, Lazy<RegistrationScope> scope) =>
        start.RegisterOperationAction(c => Analyze(c, scope), OperationKind.SimpleAssignment, OperationKind.CoalesceAssignment);

    private static void Analyze(OperationAnalysisContext context, Lazy<RegistrationScope> scope)
    {
        var assignment = (IAssignmentOperation)context.Operation;
        if (Member(assignment.Target) is not { } member || !TorchSharpTypes.IsModule(member.ContainingType)) return;
        // In a constructor it is early enough, or a matter of ADALORA025; in an object initialiser whoever holds the object may still register it.
        if (context.ContainingSymbol is not IMethodSymbol { MethodKind: not (MethodKind.Constructor or MethodKind.StaticConstructor) } method || assignment.Parent is IObjectOrCollectionInitializerOperation) return;
        if (!scope.Value.HoldsTarget(member)) return;
        var owner = member.ContainingType.OriginalDefinition;
        var read = new ModuleClass(owner, scope.Value, context.CancellationToken);
        if (assignment.Value.Syntax is not ExpressionSyntax value || !Creations.IsCreation(value, read)) return;
        if (read.OverridesRegistration || read.RegistersByHand || MayBeConstruction(method, owner, read)) return;
        context.ReportDiagnostic(Diagnostic.Create(Rules.TargetReassigned, assignment.Target.Syntax.GetLocation(), member.Name));
    }

    /// <summary>The member, or the list of which an item is replaced.</summary>
    private static ISymbol? Member(IOperation target) => target switch
    {
        IFieldReferenceOperation { Field.IsStatic: false } field => field.Field,
        IPropertyReferenceOperation { Arguments.Length: > 0, Instance: { } list } => Member(list),
        IPropertyReferenceOperation { Property.IsStatic: false } property => property.Property,
        _ => null,
    };

    /// <summary>
    /// A method that a constructor may call, that registers itself, or that runs while the class waits for a parent to register it, is a part of construction.
    /// </summary>
    private static bool MayBeConstruction(IMethodSymbol method, INamedTypeSymbol owner, ModuleClass read)
    {
        if (method.DeclaringSyntaxReferences.Any(r => r.GetSyntax(read.Context.Cancellation).FirstAncestorOrSelf<MemberDeclarationSyntax>() is { } syntax && ModuleClass.Mentions(syntax, Calls))) return true;
        if (method.Name == "forward") return false;
        var flow = new ConstructorFlow(read);
        bool registersItself = owner.InstanceConstructors.All(c => flow.RegisteringConstructor(c) is not null);
        return !registersItself || IsCalledInConstruction(method, read);
    }

    /// <summary>By name, over everything that the constructors of module classes call: rather too much than too little.</summary>
    private static bool IsCalledInConstruction(IMethodSymbol method, ModuleClass read)
    {
        string name = (method.AssociatedSymbol ?? method).Name;
        var types = method.ContainingType.OriginalDefinition;
        var declarations = ClassMembers.ChainOf(types).Concat(read.Chain).SelectMany(t => read.Declarations(t.OriginalDefinition)).Distinct().ToList();
        var bodies = declarations.SelectMany(d => d.Members).ToLookup(NameOf);
        var names = new HashSet<string>();
        var open = new Queue<string>(["."]);
        while (open.Count > 0)
        {
            foreach (var body in bodies[open.Dequeue()])
                foreach (var identifier in body.DescendantNodes().OfType<IdentifierNameSyntax>())
                    if (bodies.Contains(identifier.Identifier.ValueText) && names.Add(identifier.Identifier.ValueText)) open.Enqueue(identifier.Identifier.ValueText);
        }
        return names.Contains(name);
    }

    /// <summary>Constructors and initialisers are one: what runs first.</summary>
    private static string NameOf(MemberDeclarationSyntax member) => member switch
    {
        MethodDeclarationSyntax method => method.Identifier.ValueText,
        PropertyDeclarationSyntax { Initializer: null } property => property.Identifier.ValueText,
        ConstructorDeclarationSyntax or FieldDeclarationSyntax or PropertyDeclarationSyntax => ".",
        _ => "",
    };
}
