using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Conformance.Tests.Editing;

/// <summary>A generator with a memory that is wrong: it copies each annotated class, and looks again only when the number of its members changes.</summary>
#pragma warning disable RS1036, RS1041 // Only tests load it.
[Generator(LanguageNames.CSharp)]
internal sealed class ForgetfulGenerator : IIncrementalGenerator
#pragma warning restore RS1036, RS1041
{
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var memory = new ConcurrentDictionary<(string, int), string>();
        var classes = context.SyntaxProvider.ForAttributeWithMetadataName("AdaLoRA.Gen.AdaLoRAAttribute", static (node, _) => node is ClassDeclarationSyntax, (match, _) =>
        {
            string name = match.TargetSymbol.ToDisplayString();
            return (Name: name, Text: memory.GetOrAdd((name, ((INamedTypeSymbol)match.TargetSymbol).GetMembers().Length), _ => match.TargetNode.ToString().ReplaceLineEndings("\n// ")));
        });
        context.RegisterSourceOutput(classes.Collect(), static (output, all) => output.AddSource("Copies.g.cs", string.Join("\n", all.Select(c => $"// {c.Name}\n// {c.Text}"))));
    }
}
