using System.Collections.Concurrent;
using AdaLoRA.Gen.Generators.Models;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>
/// Remembers what was read of each model. The compiler runs the transform for every annotated class at every keystroke, because a semantic model is new each
/// time; but what it gives depends only on the syntax trees that were visited and on <see cref="Declarations"/> of the rest. While a compilation holds the same
/// trees, the result is the same. Trees are held weakly: nothing here keeps a compilation alive.
/// </summary>
internal sealed class ReadMemo
{
    private readonly ConcurrentDictionary<string, Entry> _entries = new();

    private sealed record Entry(Environment Environment, WeakReference<SyntaxTree>[] Trees, ModelSpec? Spec)
    {
        public bool Holds(Compilation compilation, Environment environment) => Environment == environment
            && Array.TrueForAll(Trees, t => t.TryGetTarget(out var tree) && compilation.ContainsSyntaxTree(tree));
    }

    /// <summary>What to emit for the attribute on the class; null where it is nothing.</summary>
    public ModelSpec? Read(INamedTypeSymbol type, string attribute, Compilation compilation, CancellationToken cancellation)
    {
        string key = $"{compilation.AssemblyName}|{Names.Metadata(type)}|{attribute}";
        var environment = Declarations.EnvironmentOf(compilation, cancellation);
        if (_entries.TryGetValue(key, out var entry) && entry.Holds(compilation, environment)) return entry.Spec;

        var reading = ModelReader.Read(type, compilation, cancellation);
        // A class with both attributes comes here twice; it breaks a rule and has no spec either time.
        _entries[key] = new Entry(environment, [.. reading.Visited.Select(t => new WeakReference<SyntaxTree>(t))], reading.Spec);
        Forget();
        return reading.Spec;
    }

    /// <summary>Drops models that are gone: their trees were collected.</summary>
    private void Forget()
    {
        foreach (var pair in _entries)
            if (pair.Value.Trees.Length > 0 && Array.TrueForAll(pair.Value.Trees, t => !t.TryGetTarget(out _))) _entries.TryRemove(pair.Key, out _);
    }
}

/// <summary>What a reading depends on outside the trees it visited.</summary>
/// <param name="Signatures">Everything declared in the compilation, bodies left out.</param>
/// <param name="References">The referenced assemblies.</param>
/// <param name="Options">The options of the compilation.</param>
internal readonly record struct Environment(ulong Signatures, ulong References, ulong Options);
