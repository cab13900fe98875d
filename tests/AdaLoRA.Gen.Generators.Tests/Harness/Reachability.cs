using System.Collections;
using System.Reflection;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Walks everything that the pipeline's outputs hold and fails on an object that keeps a compilation alive.</summary>
internal static class Reachability
{
    public static void AssertHoldsNoRoslynObjects(GeneratorRunResult result)
    {
        foreach (string name in TrackingNamesByReflection.All)
        {
            if (!result.TrackedSteps.TryGetValue(name, out var steps)) continue;
            foreach (var (value, _) in steps.SelectMany(s => s.Outputs)) AssertHoldsNoRoslynObjects(value, name);
        }
    }

    public static void AssertHoldsNoRoslynObjects(object? root, string path)
    {
        if (FindRoslynObject(root, path, new HashSet<object>(ReferenceEqualityComparer.Instance)) is { } found) Assert.Fail(found);
    }

    /// <returns>The way to the first such object, or null.</returns>
    private static string? FindRoslynObject(object? value, string path, HashSet<object> seen)
    {
        if (value is null || !seen.Add(value)) return null;
        if (value is ISymbol or Compilation or SyntaxNode or SyntaxTree or Location or SemanticModel or SyntaxReference or AttributeData) return $"{path} is a {value.GetType()}";
        if (value is string || value.GetType().IsPrimitive || value.GetType().IsEnum) return null;
        if (value is IEnumerable items)
        {
            int index = 0;
            foreach (object? item in items)
                if (FindRoslynObject(item, $"{path}[{index++}]", seen) is { } found) return found;
        }
        for (var type = value.GetType(); type is not null; type = type.BaseType)
        {
            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                if (!field.FieldType.IsPointer && FindRoslynObject(field.GetValue(value), $"{path}.{field.Name}", seen) is { } found) return found;
        }
        return null;
    }
}
