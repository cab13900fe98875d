using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>
/// A hash of all that a compilation declares, without the bodies: a type, a member or a using directive that appears anywhere can change what a name means in a
/// tree that did not change. What stands in a body cannot.
/// </summary>
internal static class Declarations
{
    private const ulong Start = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    private static readonly ConditionalWeakTable<SyntaxTree, object> TreeHashes = new();
    private static readonly ConditionalWeakTable<object, object> Numbers = new();
    private static readonly ConditionalWeakTable<Compilation, object> Environments = new();
    private static long s_lastNumber;

    public static Environment EnvironmentOf(Compilation compilation, CancellationToken cancellation)
    {
        if (Environments.TryGetValue(compilation, out object known)) return (Environment)known;
        ulong signatures = Start;
        foreach (var tree in compilation.SyntaxTrees) signatures = Mix(signatures, HashOf(tree, cancellation));
        ulong references = Start;
        foreach (var reference in compilation.References) references = Mix(references, NumberOf(reference));
        var environment = new Environment(signatures, references, NumberOf(compilation.Options));
        return (Environment)Environments.GetValue(compilation, _ => environment);
    }

    private static ulong HashOf(SyntaxTree tree, CancellationToken cancellation)
    {
        if (TreeHashes.TryGetValue(tree, out object known)) return (ulong)known;
        // The path tells trees apart that declare the same: parts of a class change places when their files do.
        ulong hash = MixText(Mix(Start, NumberOf(tree.Options)), tree.FilePath);
        foreach (var part in tree.GetRoot(cancellation).DescendantNodesAndTokens(static node => !IsBody(node)))
        {
            // That there is a body is a part of the declaration: with it "int A => 1;" is no field.
            if (part.IsToken) hash = MixToken(hash, part.AsToken());
            else if (IsBody(part.AsNode()!)) hash = Mix(hash, (ulong)part.RawKind);
        }
        return (ulong)TreeHashes.GetValue(tree, _ => hash);
    }

    /// <summary>One number an object: by identity, since the command line compiler's options throw when they are asked for a hash.</summary>
    private static ulong NumberOf(object value) => (ulong)(long)Numbers.GetValue(value, static _ => Interlocked.Increment(ref s_lastNumber));

    /// <summary>What can change without changing what a name means elsewhere. Values of constants, of enum members and of optional parameters are no bodies.</summary>
    private static bool IsBody(SyntaxNode node) => node switch
    {
        BlockSyntax or ArrowExpressionClauseSyntax or GlobalStatementSyntax => true,
        EqualsValueClauseSyntax { Parent: PropertyDeclarationSyntax } => true,
        EqualsValueClauseSyntax { Parent.Parent.Parent: BaseFieldDeclarationSyntax field } => !field.Modifiers.Any(SyntaxKind.ConstKeyword),
        _ => false,
    };

    /// <summary>Directives that leave tokens out show by themselves; #nullable changes what the tokens mean.</summary>
    private static ulong MixToken(ulong hash, SyntaxToken token)
    {
        if (token.ContainsDirectives)
            foreach (var trivia in token.LeadingTrivia)
                if (trivia.IsKind(SyntaxKind.NullableDirectiveTrivia)) hash = MixText(hash, trivia.ToString());
        return MixText(hash, token.Text);
    }

    /// <summary>With a mark behind the text: "static class" and "staticclass" are not the same.</summary>
    private static ulong MixText(ulong hash, string text)
    {
        foreach (char c in text) hash = Mix(hash, c);
        return Mix(hash, char.MaxValue);
    }

    private static ulong Mix(ulong hash, ulong value) => unchecked((hash ^ value) * Prime);
}
