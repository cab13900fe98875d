using System.Text.Json;
using AdaLoRA.Gen.Conformance.Training;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Serialization;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Resuming;

/// <summary>One case: straight in this process; the first part in this process, the other in a new one.</summary>
internal static class ResumeCheck
{
    private const int Seed = 11;

    /// <param name="run">The case.</param>
    /// <param name="folder">An empty folder to work in.</param>
    /// <param name="between">What happens to the cut run's folder before it goes on, for tests that must see a difference.</param>
    public static CaseResult Run(RunCase run, string folder, Action<string>? between = null)
    {
        string straight = Path.Combine(folder, "straight"), halves = Path.Combine(folder, "halves");
        var whole = new LossLog(null);
        run.Train(straight, Seed, whole);
        using (var stop = new CancellationTokenSource())
        {
            var first = run.Train(halves, Seed, new StopAt(run.Cut, stop), stop.Token);
            if (!first.Interrupted || first.Steps != run.Cut) return Failure("", $"the first half ended at step {first.Steps}");
        }
        between?.Invoke(halves);
        var (when, sizes) = RunFolder.Newest(halves) == run.Cut ? Compacted(run, straight, halves) : (run.Compaction, "");
        if (when != run.Compaction) return Failure("", $"compaction was {when} instead of {run.Compaction}{sizes}");
        var second = TrainingProcess.Run(run, halves, Seed);
        if (second.ExitCode != 0) return Failure("", $"the new process ended with {second.ExitCode}: {second.Error.Split('\n')[0]}");
        if (second.Log.FirstStep != run.Cut) return Failure("", $"the new process went on at step {second.Log.FirstStep} instead of {run.Cut}");
        if (!whole.Losses.Keys.Where(step => step > run.Cut).SequenceEqual(run.ReadingsAfterCut)) return Failure("", "the run that never stopped did not print its losses at the steps of LogEvery");
        foreach (var (step, expected) in whole.Losses.Where(l => l.Key > run.Cut))
        {
            if (!second.Log.Losses.TryGetValue(step, out double found)) return Failure($"loss.step{step}", "not printed");
            if (BitConverter.DoubleToInt64Bits(found) != BitConverter.DoubleToInt64Bits(expected)) return Failure($"loss.step{step}", $"{found:R} instead of {expected:R}", Math.Abs(found - expected));
        }
        if (Skipped(straight, run) is var count && count != run.Bad.Count) return Failure("", $"{count} steps were skipped instead of {run.Bad.Count}");
        if (StateDifference(RunFolder.Checkpoint(straight, run.Steps), RunFolder.Checkpoint(halves, run.Steps), out int compared) is { } difference) return difference with { Name = run.Name };
        if (RunStateDifference(RunFolder.Checkpoint(straight, run.Steps), RunFolder.Checkpoint(halves, run.Steps), run) is var (at, detail)) return Failure(at, detail);
        foreach (string adapter in RunFolder.Adapters)
        {
            if (RunFolder.FirstDifference(Path.Combine(straight, adapter), Path.Combine(halves, adapter)) is { } file) return Failure($"{adapter}/{file}", "differs");
        }
        string skipped = run.Bad.Count == 0 ? "" : $", {run.Bad.Count} skipped";
        return new CaseResult(run.Name, true, 0, "", $"{run.Cut} + {run.Steps - run.Cut} steps{skipped}, {compared} tensors{sizes}, {run.Steps / run.EvaluateEvery} evaluations, {run.ReadingsAfterCut.Count()} losses");

        CaseResult Failure(string at, string detail, double error = double.NaN) => new(run.Name, false, error, at, detail);
    }

    private static long Skipped(string folder, RunCase run)
    {
        using var description = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(RunFolder.Checkpoint(folder, run.Steps), "training.json")));
        return description.RootElement.GetProperty("skipped").GetInt64();
    }

    /// <summary>When the cut run shrank its arena, measured on three checkpoints: halfway (before the final phase), at the cut, at the end.</summary>
    private static (Compaction When, string Sizes) Compacted(RunCase run, string straight, string halves)
    {
        long full = Triplets(RunFolder.Checkpoint(straight, run.Steps / 2)), atCut = Triplets(RunFolder.Checkpoint(halves, run.Cut)), atEnd = Triplets(RunFolder.Checkpoint(straight, run.Steps));
        if (atEnd == full) return (Compaction.None, "");
        return atCut == full ? (Compaction.AfterCut, $", compacted from {full} to {atEnd} triplets after the cut") : (Compaction.BeforeCut, $", compacted from {full} to {atEnd} triplets before the cut");
    }

    /// <summary>The first entry of two <c>state.json</c> of the end that is not the same, letter for letter.</summary>
    private static (string At, string Detail)? RunStateDifference(string expected, string found, RunCase run)
    {
        using var left = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(expected, "state.json")));
        using var right = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(found, "state.json")));
        int evaluations = left.RootElement.GetProperty("evaluations").GetArrayLength();
        if (evaluations != run.Steps / run.EvaluateEvery) return ("state.json", $"holds {evaluations} evaluations instead of {run.Steps / run.EvaluateEvery}");
        foreach (string name in (string[])["attempts", "next", "evaluations", "last_evaluated", "best", "best_saved", "last_loss", "losses"])
        {
            string a = left.RootElement.GetProperty(name).GetRawText(), b = right.RootElement.GetProperty(name).GetRawText();
            if (a != b) return ($"state.json/{name}", "differs");
        }
        return null;
    }

    /// <summary>Triplets that a training state has room for.</summary>
    private static long Triplets(string checkpoint)
    {
        using var file = SafetensorsFile.Open(Path.Combine(checkpoint, "training.safetensors"));
        using var mask = file.Read("arena.mask");
        return mask.numel();
    }

    /// <summary>The first tensor of two training states that is not the same bit for bit.</summary>
    private static CaseResult? StateDifference(string expected, string found, out int compared)
    {
        using var scope = NewDisposeScope();
        using var left = SafetensorsFile.Open(Path.Combine(expected, "training.safetensors"));
        using var right = SafetensorsFile.Open(Path.Combine(found, "training.safetensors"));
        compared = left.Names.Count;
        foreach (string name in left.Names.Union(right.Names))
        {
            if (!left.Entries.ContainsKey(name) || !right.Entries.ContainsKey(name)) return new CaseResult("", false, double.NaN, name, "is in one of the two states only");
            Tensor a = left.Read(name), b = right.Read(name);
            if (a.dtype == b.dtype && a.shape.SequenceEqual(b.shape) && a.bytes.SequenceEqual(b.bytes)) continue;
            double error = a.shape.SequenceEqual(b.shape) ? (a.to(ScalarType.Float64) - b.to(ScalarType.Float64)).abs().max().item<double>() : double.NaN;
            return new CaseResult("", false, error, name, "differs");
        }
        return null;
    }

    private sealed class StopAt(int step, CancellationTokenSource stop) : ITrainingObserver
    {
        public void OnStep(in StepCompleted e)
        {
            if (e.Step == step) stop.Cancel();
        }
    }
}
