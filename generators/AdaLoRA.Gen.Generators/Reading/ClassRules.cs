using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Rules on the annotated class itself. With one of them broken nothing is emitted: the part would only add errors of the compiler's.</summary>
internal static class ClassRules
{
    public static void Check(INamedTypeSymbol type, List<AdapterAttribute> attributes, List<Finding> findings)
    {
        if (!TorchSharpTypes.IsModule(type))
        {
            findings.Add(new Finding(Rules.NotAModule, FindingPlace.OnType(type), type.Name, attributes[0].IsLoRA ? "LoRA" : "AdaLoRA"));
            return;
        }
        CheckEmittable(type, attributes, findings);
        for (var t = type; t is not null; t = t.ContainingType)
            if (!IsPartial(t)) findings.Add(new Finding(Rules.NotPartial, FindingPlace.OnType(t), t.Name, type.Name));
    }

    private static void CheckEmittable(INamedTypeSymbol type, List<AdapterAttribute> attributes, List<Finding> findings)
    {
        for (var t = type; t is not null; t = t.ContainingType)
        {
            if (!t.IsFileLocal) continue;
            findings.Add(new Finding(Rules.CannotEmit, FindingPlace.OnType(t), type.Name, "a file-local type has no part in another file; remove 'file'"));
            return;
        }
        if (attributes.Count > 1)
            findings.Add(new Finding(Rules.CannotEmit, FindingPlace.OnAttribute(attributes[1]), type.Name, "it carries both [AdaLoRA] and [LoRA]; remove one"));
        if (Names.GeneratedMembers.Contains(type.Name))
            findings.Add(new Finding(Rules.CannotEmit, FindingPlace.OnType(type), type.Name, "a generated member has the same name; rename the class"));
        if (type.TypeParameters.FirstOrDefault(p => Names.GeneratedMembers.Contains(p.Name)) is { } parameter)
            findings.Add(new Finding(Rules.CannotEmit, FindingPlace.OnType(type), type.Name, $"a generated member has the name of its type parameter '{parameter.Name}'; rename that"));
        foreach (string name in Names.GeneratedMembers)
            if (type.GetMembers(name).FirstOrDefault(m => !IsGenerated(m)) is { } member)
                findings.Add(new Finding(Rules.CannotEmit, FindingPlace.OnType(type), type.Name, $"it declares '{member.Name}', which the generated part needs; rename that member"));
    }

    /// <summary>The analyzer sees the generated part, the generator does not.</summary>
    private static bool IsGenerated(ISymbol member) =>
        member.GetAttributes().Any(a => a.AttributeClass?.Name == "GeneratedCodeAttribute" && a.ConstructorArguments is [{ Value: Names.Tool }, ..]);

    private static bool IsPartial(INamedTypeSymbol type) => type.DeclaringSyntaxReferences.Any(r =>
        r.GetSyntax() is TypeDeclarationSyntax declaration && declaration.Modifiers.Any(SyntaxKind.PartialKeyword));
}
