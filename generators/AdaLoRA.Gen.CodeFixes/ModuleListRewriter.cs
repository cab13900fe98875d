using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>Rewrites what a member is given, and how it is used, when its type becomes a ModuleList.</summary>
internal sealed class ModuleListRewriter(SemanticModel semantics, ISymbol member, string list, string item)
{
    /// <returns>The changes, or null where it is not sure that the program stays what it is.</returns>
    public List<TextChange>? Changes(SyntaxNode root, ExpressionSyntax? initial, CancellationToken cancellation)
    {
        var changes = new List<TextChange>();
        if (initial is not null && !Value(initial, changes)) return null;
        foreach (var name in root.DescendantNodes().OfType<IdentifierNameSyntax>())
        {
            if (name.Identifier.ValueText != member.Name || !SymbolEqualityComparer.Default.Equals(semantics.GetSymbolInfo(name, cancellation).Symbol?.OriginalDefinition, member)) continue;
            ExpressionSyntax use = name.Parent is MemberAccessExpressionSyntax qualified && qualified.Name == name ? qualified : name;
            switch (use.Parent)
            {
                case AssignmentExpressionSyntax assignment when assignment.Left == use:
                    if (!Value(assignment.Right, changes)) return null;
                    break;
                // A list that is filled by index has to have that many items before: an empty ModuleList has not.
                case ElementAccessExpressionSyntax { Parent: AssignmentExpressionSyntax element } access when element.Left == access:
                    return null;
                case MemberAccessExpressionSyntax { Name.Identifier: { ValueText: "Length" } length }:
                    changes.Add(new TextChange(length.Span, "Count"));
                    break;
                case MemberAccessExpressionSyntax { Name.Identifier: { ValueText: "AddRange" } add }:
                    changes.Add(new TextChange(add.Span, "extend"));
                    break;
                default:
                    break;
            }
        }
        return changes;
    }

    private bool Value(ExpressionSyntax value, List<TextChange> changes)
    {
        switch (value)
        {
            case CollectionExpressionSyntax or LiteralExpressionSyntax:
            case ImplicitObjectCreationExpressionSyntax { ArgumentList.Arguments.Count: 0 }:
                return true;
            case PostfixUnaryExpressionSyntax { Operand: LiteralExpressionSyntax }:
                return true;
            case ObjectCreationExpressionSyntax { ArgumentList: null or { Arguments.Count: 0 } } creation:
                changes.Add(new TextChange(creation.Type.Span, list));
                return true;
            case BaseObjectCreationExpressionSyntax { ArgumentList: { Arguments: [var capacity] } arguments } creation when semantics.GetTypeInfo(capacity.Expression).Type?.SpecialType == SpecialType.System_Int32:
                if (creation is ObjectCreationExpressionSyntax { Type: var type }) changes.Add(new TextChange(type.Span, list));
                changes.Add(new TextChange(arguments.Span, "()"));
                return true;
            case ArrayCreationExpressionSyntax { Initializer: { } initializer }:
                return Items(value, initializer, $"new {list}", changes);
            case ImplicitArrayCreationExpressionSyntax { Initializer: var initializer }:
                return Items(value, initializer, $"new {list}", changes);
            case InitializerExpressionSyntax initializer:
                return Items(value, initializer, "new", changes);
            case InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name: var method } } call when method.Identifier.ValueText is "ToArray" or "ToList" && IsOfItems(call):
                changes.Add(new TextChange(new TextSpan(call.SpanStart, 0), $"new {list}("));
                if (method.Identifier.ValueText == "ToList") changes.Add(new TextChange(method.Identifier.Span, "ToArray"));
                changes.Add(new TextChange(new TextSpan(call.Span.End, 0), ")"));
                return true;
            default:
                return false;
        }
    }

    private static bool Items(ExpressionSyntax value, InitializerExpressionSyntax initializer, string start, List<TextChange> changes)
    {
        var items = initializer.Expressions;
        string text = items.Count == 0 ? "" : value.SyntaxTree.GetText().ToString(TextSpan.FromBounds(items[0].SpanStart, items[items.Count - 1].Span.End));
        changes.Add(new TextChange(value.Span, $"{start}({text})"));
        return true;
    }

    private bool IsOfItems(ExpressionSyntax call) => semantics.GetTypeInfo(call).Type switch
    {
        IArrayTypeSymbol array => array.ElementType.Name == item || item.Contains(array.ElementType.Name),
        INamedTypeSymbol { TypeArguments: [var only] } => item.Contains(only.Name),
        _ => false,
    };
}
