using System.Globalization;

namespace AdaLoRA.Gen.Conformance.Fuzzing;

/// <summary>Attacks one target with two threads. Input i of a seed is the same however many threads share the work.</summary>
internal static class FuzzRun
{
    private const int Threads = 2;

    /// <summary>An input that takes this many time limits will not end.</summary>
    private const int Patience = 10;

    /// <param name="kind">The reader.</param>
    /// <param name="first">First input.</param>
    /// <param name="count">How many.</param>
    /// <param name="seed">Seed of all inputs.</param>
    /// <param name="dump">Folder for failing inputs; null for none.</param>
    /// <returns>A result for each kind of failure, then one of the target: its largest error is the largest part of the allowed memory that an input took.</returns>
    public static IEnumerable<CaseResult> Run(FuzzTargetKind kind, long first, long count, ulong seed, string? dump)
    {
        var progress = new Progress();
        var workers = Enumerable.Range(0, Threads).Select(_ => new FuzzWorker(kind, seed)).ToList();
        var threads = workers.Select((worker, i) => new Thread(() => worker.Run(first + i, Threads, first + count)) { IsBackground = true, Name = $"Fuzzing {kind.Name}" }).ToList();
        threads.ForEach(t => t.Start());
        FuzzWorker? stuck = null;
        while (threads.Any(t => t.IsAlive) && stuck is null)
        {
            threads.Find(t => t.IsAlive)?.Join(100);
            progress.Report(() => $"fuzz {kind.Name}: {workers.Sum(w => w.Done)} of {count}");
            stuck = workers.Find(w => w.Waiting > FuzzWorker.TimeLimit * Patience);
        }
        if (stuck is not null)
        {
            yield return new CaseResult($"{kind.Name} time", false, 0, Place(stuck.Current), $"reading does not end; --seed {seed} --at {stuck.Current} --reader {kind.Reader} shows it again");
            yield break;
        }
        if (workers.Find(w => w.Broken is not null) is { } broken) throw new InvalidOperationException($"The fuzzer of {kind.Name} itself failed.", broken.Broken);

        foreach (var failure in workers.SelectMany(w => w.Failures).GroupBy(f => f.Kind).Select(g => g.MinBy(f => f.Index)!))
        {
            string file = Dump(kind, failure, dump);
            yield return new CaseResult($"{kind.Name} crash", false, 0, Place(failure.Index), failure.Sentence + file);
        }
        var allocation = workers.Select(w => w.LargestAllocation).MaxBy(a => a.Share);
        var longest = workers.Select(w => w.Longest).MaxBy(l => l.Time);
        long failed = workers.Sum(w => w.Failed);
        string failures = failed == 0 ? "" : $", {failed} failed";
        yield return new CaseResult(kind.Name, failed == 0, allocation.Share, Place(allocation.Index), string.Create(CultureInfo.InvariantCulture, $"{workers.Sum(w => w.Done)} inputs, {workers.Sum(w => w.Accepted)} read, the longest {longest.Time.TotalMilliseconds:0} ms{failures}"));
    }

    private static string Place(long index) => index < 0 ? $"seed {-1 - index}" : $"input {index}";

    private static string Dump(FuzzTargetKind kind, FuzzFailure failure, string? folder)
    {
        if (folder is null) return "";
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"{kind.Name}-{failure.Index}.bin");
        File.WriteAllBytes(path, failure.Input);
        return $" → {path}";
    }
}
