using AdaLoRA.Gen.Conformance.Fuzzing;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Conformance.Editing;

/// <summary>Files to begin with and edits to go through. What an edit does is a function of its number and of the state it meets, so any part of a sequence is a sequence.</summary>
/// <param name="Seed">Of all sequences.</param>
/// <param name="Index">Of this one.</param>
/// <param name="Files">Those of the corpus that it begins with.</param>
/// <param name="Edits">Numbers of its edits.</param>
internal sealed record EditSequence(ulong Seed, long Index, IReadOnlyList<string> Files, IReadOnlyList<int> Edits)
{
    private const int FewestFiles = 3, MostFiles = 8, FewestEdits = 10, MostEdits = 20;

    /// <summary>The analyzers see the last edit of every so many sequences: what they report depends on the text and on the generated text alone, and they take longer than the generator.</summary>
    private const int AnalyzedEvery = 4;

    /// <summary>Where an edit's random numbers begin among all; sequences are further apart than they are long.</summary>
    private const ulong Stride = 1024;

    public static EditSequence Throw(ulong seed, long index, CSharpCompilation corpus)
    {
        var random = new Mixer(seed, (ulong)index * Stride);
        List<string> all = [.. corpus.SyntaxTrees.Select(t => t.FilePath)], files = [];
        int count = Math.Min(all.Count, FewestFiles + Math.Min(random.Below(MostFiles - FewestFiles + 1), random.Below(MostFiles - FewestFiles + 1)));
        while (files.Count < count)
        {
            string file = random.Pick(all);
            all.Remove(file);
            files.Add(file);
        }
        // Parts of one class lie beside each other: where one comes, the others do.
        files.AddRange(all.Where(f => files.Exists(g => f.StartsWith(Path.GetFileNameWithoutExtension(g) + ".", StringComparison.Ordinal) || g.StartsWith(Path.GetFileNameWithoutExtension(f) + ".", StringComparison.Ordinal))).ToList());
        return new EditSequence(seed, index, files, [.. Enumerable.Range(1, FewestEdits + random.Below(MostEdits - FewestEdits + 1))]);
    }

    /// <summary>Goes through the edits with one driver and compares after each.</summary>
    public SequenceResult Run(CSharpCompilation corpus, FreshRun fresh)
    {
        var compilation = corpus.RemoveAllSyntaxTrees().AddSyntaxTrees(corpus.SyntaxTrees.Where(t => Files.Contains(t.FilePath)));
        if (Index % 2 == 1) compilation = Scatter.Apply(compilation);
        var (driver, analyzers) = (fresh.NewDriver(FreshRun.OptionsOf(compilation)), Outcome.NewAnalyzers());
        var history = new List<CSharpCompilation> { compilation };
        var names = new List<string>();
        ImmutableSortedDictionary<string, string>? before = null;
        int changes = 0;
        foreach (int number in Edits.Prepend(0))
        {
            if (number > 0)
            {
                (string name, compilation) = EditKind.Throw(new EditScene(compilation, new Mixer(Seed, (ulong)Index * Stride + (ulong)number), history));
                names.Add($"{number} {name}");
                history.Add(compilation);
                driver = driver.WithUpdatedParseOptions(FreshRun.OptionsOf(compilation));
            }
            bool analyze = Index % AnalyzedEvery == 0 && (Edits.Count == 0 || number == Edits[^1]);
            (var incremental, driver) = Outcome.Of(driver, compilation, analyze ? analyzers : []);
            var expected = fresh.Of(compilation, analyze);
            if (before is not null && !before.SequenceEqual(expected.Sources)) changes++;
            before = expected.Sources;
            if (incremental.DifferenceFrom(expected) is { Count: > 0 } difference) return new SequenceResult(names, changes, number, difference, history);
            if (incremental.Crash is { } crash) return new SequenceResult(names, changes, number, [crash], history);
        }
        return new SequenceResult(names, changes, null, [], history);
    }
}

/// <summary>What a sequence came to.</summary>
/// <param name="Edits">What was done.</param>
/// <param name="Changes">How many edits changed what is generated.</param>
/// <param name="FailsAt">The number of the edit after which the incremental run is wrong; null where it never is.</param>
/// <param name="Difference">In what.</param>
/// <param name="States">The project before and after each edit.</param>
internal sealed record SequenceResult(IReadOnlyList<string> Edits, int Changes, int? FailsAt, IReadOnlyList<string> Difference, IReadOnlyList<CSharpCompilation> States)
{
    public bool Ok => FailsAt is null;
}
