using System.Collections.Immutable;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>
/// Rules, fixes and what proves them, found by reflection, so that a new one without proof fails a test that says what it lacks. The class <c>&lt;id&gt;Tests</c> declares
/// <c>internal static RuleCase Case</c>, and for each fix of the rule an element of <c>internal static FixCase[] Fixes</c>.
/// </summary>
internal static class RuleTests
{
    public static ImmutableArray<DiagnosticDescriptor> Descriptors { get; } =
        [.. typeof(Diagnostics.Rules).GetFields(BindingFlags.Static | BindingFlags.Public).Select(f => (DiagnosticDescriptor)f.GetValue(null)!).OrderBy(d => d.Id, StringComparer.Ordinal)];

    public static ImmutableArray<CodeFixProvider> Fixes { get; } =
        [.. typeof(CodeFixes.MakePartialFix).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(CodeFixProvider)) && !t.IsAbstract).Select(t => (CodeFixProvider)Activator.CreateInstance(t)!)];

    public static DiagnosticDescriptor Descriptor(string id) => Descriptors.Single(d => d.Id == id);

    public static RuleCase CaseOf(string id)
    {
        var declared = Declared(id, "Case") as RuleCase;
        Assert.True(declared is not null, $"{id} has no marked source: declare 'internal static RuleCase Case => new(marked, messages);' in Rules/{id}Tests.cs.");
        return declared;
    }

    public static FixCase FixCaseOf(string id, string fix)
    {
        var declared = (Declared(id, "Fixes") as FixCase[])?.FirstOrDefault(c => c.Fix.GetType().Name == fix);
        Assert.True(declared is not null, $"{fix} is exported for {id}, but nothing proves it: add 'new(new {fix}(), before, after)' to 'internal static FixCase[] Fixes' in Rules/{id}Tests.cs.");
        return declared;
    }

    private static object? Declared(string id, string property) =>
        typeof(RuleTests).Assembly.GetTypes().SingleOrDefault(t => t.Name == id + "Tests")?
            .GetProperty(property, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly)?.GetValue(null);
}
