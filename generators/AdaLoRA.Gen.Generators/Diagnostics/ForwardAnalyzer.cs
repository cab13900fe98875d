using System.Collections.Immutable;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Finds targets that are run through <c>forward</c>, where no hook is called.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ForwardAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(Rules.ForwardBypasses);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            // Read once, and only in a compilation that forwards a layer at all. Not at the compilation's end: an editor offers no fixes for what is found there.
            var targets = new Lazy<TargetMembers>(() => TargetMembers.In(start.Compilation, start.CancellationToken));
            start.RegisterOperationAction(c => Analyze(c, ((IInvocationOperation)c.Operation).TargetMethod, ((IInvocationOperation)c.Operation).Instance, targets), OperationKind.Invocation);
            start.RegisterOperationAction(c => Analyze(c, ((IMethodReferenceOperation)c.Operation).Method, ((IMethodReferenceOperation)c.Operation).Instance, targets), OperationKind.MethodReference);
        });
    }

    private static void Analyze(OperationAnalysisContext context, IMethodSymbol method, IOperation? receiver, Lazy<TargetMembers> targets)
    {
        if (method.Name != "forward" || !LayerUse.IsOfALayer(method)) return;
        var source = LayerUse.SourcesOf(receiver).FirstOrDefault(s => targets.Value.Contains(s.Member, s.IsItem));
        if (source.Member is not { } member) return;
        var name = context.Operation.Syntax.DescendantNodesAndSelf().OfType<SimpleNameSyntax>()
            .LastOrDefault(n => n.Identifier.ValueText == "forward" && n.Parent is MemberAccessExpressionSyntax or MemberBindingExpressionSyntax && !IsInArguments(n, context.Operation.Syntax));
        if (name is not null) context.ReportDiagnostic(Diagnostic.Create(
            Rules.ForwardBypasses, name.GetLocation(), ImmutableDictionary<string, string?>.Empty.Add(FixProperties.Replacement, "call"), LayerUse.NameOf(receiver, member), member.Name));
    }

    private static bool IsInArguments(SyntaxNode name, SyntaxNode call) =>
        name.Ancestors().TakeWhile(n => n != call).Any(n => n is ArgumentListSyntax && n.Parent == call);
}
