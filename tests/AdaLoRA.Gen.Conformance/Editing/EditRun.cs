using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using AdaLoRA.Gen.Generators;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Conformance.Editing;

/// <summary>Runs sequences on a few threads. A sequence is the same however many share the work.</summary>
internal static class EditRun
{
    /// <summary>After so many failing sequences there is enough to look at.</summary>
    private const int MostFailures = 5;

    /// <param name="corpus">The files that sequences begin with.</param>
    /// <param name="first">First sequence.</param>
    /// <param name="count">How many.</param>
    /// <param name="seed">Seed of all.</param>
    /// <param name="threads">How many at a time.</param>
    /// <param name="log">Receives failing sequences in full.</param>
    /// <param name="generator">Makes the generator that is checked; null: that of AdaLoRA.Gen.</param>
    /// <returns>A case for each sequence that fails, then one for all.</returns>
    public static IEnumerable<CaseResult> Run(CSharpCompilation corpus, long first, long count, ulong seed, int threads, TextWriter log, Func<IIncrementalGenerator>? generator = null)
    {
        var watch = Stopwatch.StartNew();
        var progress = new Progress();
        var failures = new ConcurrentQueue<(EditSequence Sequence, SequenceResult Result)>();
        long next = first, done = 0, edits = 0, changes = 0;
        var workers = Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(Work, TaskCreationOptions.LongRunning)).ToArray();
        while (!Task.WaitAll(workers, 200)) progress.Report(() => $"edits: {Interlocked.Read(ref done)} of {count} sequences, {Interlocked.Read(ref edits)} edits, {failures.Count} failed");

        foreach (var (sequence, result) in failures.OrderBy(f => f.Sequence.Index))
        {
            log.WriteLine(Describe(sequence, result));
            yield return new CaseResult($"sequence {sequence.Index}", false, double.NaN, $"edit {result.FailsAt}",
                $"{result.Difference[0].Trim()}; files {string.Join(", ", sequence.Files)}; edits {string.Join(", ", result.Edits)}; --seed {seed} --at {sequence.Index} shows it again");
        }
        yield return new CaseResult("incremental equals fresh", failures.IsEmpty, 0, "", string.Create(CultureInfo.InvariantCulture,
            $"{done} sequences, {edits} edits, {changes} of which changed what is generated, {failures.Count} sequences failed, {watch.Elapsed.TotalSeconds:0} s"));

        void Work()
        {
            var fresh = new FreshRun(generator ?? (static () => new AdaLoRAGenerator()));
            for (long index = Interlocked.Increment(ref next) - 1; index < first + count && failures.Count < MostFailures; index = Interlocked.Increment(ref next) - 1)
            {
                var sequence = EditSequence.Throw(seed, index, corpus);
                var result = sequence.Run(corpus, fresh);
                Interlocked.Increment(ref done);
                Interlocked.Add(ref edits, result.Edits.Count);
                Interlocked.Add(ref changes, result.Changes);
                if (!result.Ok) failures.Enqueue(Minimizer.Shrink(sequence, result, corpus, fresh));
            }
        }
    }

    /// <summary>The failing sequence, what its last edit did to the files, and the difference.</summary>
    private static string Describe(EditSequence sequence, SequenceResult result)
    {
        List<string> lines = [$"seed {sequence.Seed}, sequence {sequence.Index}, minimised; files {string.Join(", ", sequence.Files)}"];
        for (int i = 0; i < result.Edits.Count; i++)
        {
            lines.Add($"  edit {result.Edits[i]}");
            var (before, after) = (result.States[i], result.States[i + 1]);
            foreach (var tree in after.SyntaxTrees.Where(t => !before.ContainsSyntaxTree(t)))
            {
                string[] old = before.SyntaxTrees.FirstOrDefault(t => t.FilePath == tree.FilePath)?.ToString().Split('\n') ?? [], now = tree.ToString().Split('\n');
                lines.Add("    " + tree.FilePath);
                lines.AddRange(old.Except(now).Take(10).Select(l => "      - " + l.TrimEnd()));
                lines.AddRange(now.Except(old).Take(10).Select(l => "      + " + l.TrimEnd()));
            }
            lines.AddRange(before.SyntaxTrees.Where(t => after.SyntaxTrees.All(a => a.FilePath != t.FilePath)).Select(t => "    without " + t.FilePath));
        }
        lines.Add("  difference (- incremental, + fresh):");
        lines.AddRange(result.Difference.Take(40).Select(l => "    " + l));
        return string.Join(Environment.NewLine, lines);
    }
}
