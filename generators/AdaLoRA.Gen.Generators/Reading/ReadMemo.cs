using System.Collections.Concurrent;
using AdaLoRA.Gen.Generators.Models;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>
/// Remembers what was read of each model. The compiler runs the transform for every annotated class at every keystroke, because a semantic model is new each
/// time; but what it gives depends only on the syntax trees that were visited and on <see cref="Declarations"/> of the rest. While a compilation holds the same
/// trees, the result is the same. Trees are held weakly: nothing here keeps a compilation alive.
/// </summary>
/// <param name="isOff">It never answers, so that benchmarks can tell what it saves.</param>
internal sealed class ReadMemo(bool isOff = false)
{
    /// <summary>A model that this many compilations did not ask for is gone. More than one: an editor goes back and forth between versions.</summary>
    private const int KeptFor = 8;

    private readonly ConcurrentDictionary<Key, Entry> _entries = new();
    private readonly WeakReference<Compilation?> _last = new(null);
    private int _turn;

    /// <summary>References and options belong to the key: projects with the same name, for several frameworks, may share the memory.</summary>
    private readonly record struct Key(string Assembly, string Class, string Attribute, ulong References, ulong Options);

    private sealed class Entry(ulong signatures, WeakReference<SyntaxTree>[] trees, ModelSpec? spec)
    {
        public ModelSpec? Spec { get; } = spec;

        /// <summary>The last turn that asked for it.</summary>
        public int Turn { get; set; }

        public bool Holds(Compilation compilation, Environment environment) => signatures == environment.Signatures
            && Array.TrueForAll(trees, t => t.TryGetTarget(out var tree) && compilation.ContainsSyntaxTree(tree));
    }

    /// <summary>How many models are remembered.</summary>
    public int Count => _entries.Count;

    /// <summary>What to emit for the attribute on the class; null where it is nothing.</summary>
    public ModelSpec? Read(INamedTypeSymbol type, string attribute, Compilation compilation, CancellationToken cancellation)
    {
        if (isOff) return ModelReader.Read(type, compilation, cancellation).Spec;
        var environment = Declarations.EnvironmentOf(compilation, cancellation);
        int turn = TurnOf(compilation);
        var key = new Key(compilation.AssemblyName ?? "", Names.Metadata(type), attribute, environment.References, environment.Options);
        if (!_entries.TryGetValue(key, out var entry) || !entry.Holds(compilation, environment))
        {
            var reading = ModelReader.Read(type, compilation, cancellation);
            // A class with both attributes comes here twice; it breaks a rule and has no spec either time.
            _entries[key] = entry = new Entry(environment.Signatures, [.. reading.Visited.Select(t => new WeakReference<SyntaxTree>(t))], reading.Spec);
        }
        entry.Turn = turn;
        return entry.Spec;
    }

    /// <summary>Counts compilations; a new one lets go what the last ones did not ask for.</summary>
    private int TurnOf(Compilation compilation)
    {
        lock (_last)
        {
            if (_last.TryGetTarget(out var last) && last == compilation) return _turn;
            _last.SetTarget(compilation);
            _turn++;
            foreach (var pair in _entries)
                if (_turn - pair.Value.Turn > KeptFor) _entries.TryRemove(pair.Key, out _);
            return _turn;
        }
    }
}

/// <summary>What a reading depends on outside the trees it visited.</summary>
/// <param name="Signatures">Everything declared in the compilation, bodies left out.</param>
/// <param name="References">The referenced assemblies.</param>
/// <param name="Options">The options of the compilation.</param>
internal readonly record struct Environment(ulong Signatures, ulong References, ulong Options);
