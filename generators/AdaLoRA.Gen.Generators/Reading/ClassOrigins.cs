using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>
/// What happens to the members of one class while it is constructed: initialisers, assignments in constructors and in the methods of the class that they call, what is added to
/// containers, what is registered by hand.
/// </summary>
internal sealed class ClassOrigins
{
    private readonly Dictionary<string, List<MemberValue>> _assigned = [];
    private readonly Dictionary<string, List<Addition>> _added = [];
    private readonly Dictionary<string, List<InvocationExpressionSyntax>> _handedOver = [];
    private readonly List<HandRegistration> _byHand = [];
    private readonly List<ConstructorDeclarationSyntax> _constructors = [];

    /// <summary><c>RegisterComponents</c> is overridden: the class registers what it likes.</summary>
    public bool OverridesRegistration { get; private set; }

    /// <summary>The override does what TorchSharp does, too.</summary>
    public bool ExtendsRegistration { get; private set; }

    /// <summary>Some code of the class calls <c>RegisterComponents</c>.</summary>
    public bool CallsRegistration { get; private set; }

    /// <summary><c>register_module</c> or <c>add_module</c> is called in a way that cannot be read: there are modules that no member shows.</summary>
    public bool RegistersByHand { get; private set; }

    /// <summary>What constructors register under a name that stands in the source.</summary>
    public IReadOnlyList<HandRegistration> ByHand => _byHand;

    public IReadOnlyList<MemberValue> AssignedTo(string member) => _assigned.TryGetValue(member, out var values) ? values : [];

    public IEnumerable<Addition> AddedTo(string member) => _added.TryGetValue(member, out var calls) ? calls.OrderBy(c => c.Position) : [];

    /// <summary>The key under which a local variable's additions are kept.</summary>
    public static string Local(string name) => "local " + name;

    /// <summary>Constructors that every instance goes through one of: those that do not call another one of the class.</summary>
    public bool IsAssignedByEvery(Func<ConstructorDeclarationSyntax, bool> assigns) =>
        _constructors.Where(c => !c.Initializer.IsKind(SyntaxKind.ThisConstructorInitializer)).DefaultIfEmpty().All(c => c is not null && assigns(c));

    /// <summary>Whether a method that is not TorchSharp's gets the container while its class is constructed: it may change what is in there.</summary>
    public bool IsHandedOver(string member, ReadContext context) => _handedOver.TryGetValue(member, out var calls)
        && calls.Exists(call => context.SemanticModelOf(call.SyntaxTree).GetSymbolInfo(call, context.Cancellation).Symbol is not { } method || !TorchSharpTypes.IsFromTorchSharp(method));

    public static ClassOrigins Read(INamedTypeSymbol type, ReadContext context)
    {
        var origins = new ClassOrigins();
        var members = new List<MemberDeclarationSyntax>();
        foreach (var reference in type.DeclaringSyntaxReferences)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Visited.Add(reference.SyntaxTree);
            if (reference.GetSyntax(context.Cancellation) is TypeDeclarationSyntax declaration) members.AddRange(declaration.Members);
        }
        origins.ReadMembers(members, context);
        return origins;
    }

    private void ReadMembers(List<MemberDeclarationSyntax> members, ReadContext context)
    {
        var methods = members.OfType<MethodDeclarationSyntax>().ToList();
        _constructors.AddRange(members.OfType<ConstructorDeclarationSyntax>().Where(c => !c.Modifiers.Any(SyntaxKind.StaticKeyword)));
        foreach (var member in members)
        {
            if (member is FieldDeclarationSyntax field)
                foreach (var variable in field.Declaration.Variables) Initialise(variable.Identifier, variable.Initializer);
            else if (member is PropertyDeclarationSyntax property) Initialise(property.Identifier, property.Initializer);
        }
        foreach (var constructor in _constructors) new BodyReader(this, constructor, constructor, RegistrationOrder.Of(constructor, methods, context), context).Read();
        var called = CalledByConstructors(methods);
        foreach (var method in methods)
        {
            if (method.Identifier.ValueText == RegistrationOrder.Method && method.Modifiers.Any(SyntaxKind.OverrideKeyword))
            {
                OverridesRegistration = true;
                ExtendsRegistration = (method.Body?.Statements ?? []).Any(s => s is ExpressionStatementSyntax { Expression: var e } && RegistrationOrder.IsCall(e))
                    || (method.ExpressionBody is { } body && RegistrationOrder.IsCall(body.Expression));
                continue;
            }
            new BodyReader(this, method, null, RegistrationOrder.Never, context) { OnlyAdditions = !called.Contains(method) }.Read();
        }
    }

    /// <summary>Methods of the class that constructors reach by a plain call.</summary>
    private HashSet<MethodDeclarationSyntax> CalledByConstructors(List<MethodDeclarationSyntax> methods)
    {
        var called = new HashSet<MethodDeclarationSyntax>();
        var open = new Queue<SyntaxNode>(_constructors);
        while (open.Count > 0)
        {
            foreach (var call in open.Dequeue().DescendantNodes().OfType<InvocationExpressionSyntax>())
                if (BodyReader.MemberName(call.Expression) is { } name)
                    foreach (var method in methods.Where(m => m.Identifier.ValueText == name))
                        if (called.Add(method)) open.Enqueue(method);
        }
        return called;
    }

    private void Initialise(SyntaxToken name, EqualsValueClauseSyntax? initializer)
    {
        if (initializer is not null) Assign(name.ValueText, new MemberValue(initializer.Value, null, IsCertain: true, IsLate: false));
    }

    public void Assign(string member, MemberValue value) => Put(_assigned, member, value);

    public void Add(string member, Addition addition) => Put(_added, member, addition);

    public void HandOver(string member, InvocationExpressionSyntax call) => Put(_handedOver, member, call);

    /// <param name="registration">Null when it cannot be read.</param>
    public void Register(HandRegistration? registration)
    {
        if (registration is null) RegistersByHand = true;
        else _byHand.Add(registration);
    }

    public void FindCall() => CallsRegistration = true;

    private static void Put<T>(Dictionary<string, List<T>> table, string member, T value)
    {
        if (!table.TryGetValue(member, out var values)) table.Add(member, values = []);
        values.Add(value);
    }
}
