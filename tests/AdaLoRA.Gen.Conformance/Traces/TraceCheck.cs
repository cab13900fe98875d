using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Traces;

/// <summary>
/// Judges one replay. In float64: λ and its pattern at every step, factors and both averages at the recorded steps, task loss, regulariser, budget and gradient norm where they are
/// recorded, to 1e-10 of each tensor's (for numbers: of the series') largest value. In float32: pattern and λ at every step, the latter to 5e-4 of its largest value of the whole run.
/// </summary>
internal sealed class TraceCheck : IDisposable
{
    private const double Float64Tolerance = 1e-10;
    private const double Float32Tolerance = 5e-4;

    private readonly TraceReplay _replay;
    private readonly bool _exact;
    private readonly Tally _tally;
    private readonly HashSet<string> _compared = new(StringComparer.Ordinal);
    private readonly double _largestLambda;

    // Both averages before step T − t_f.
    private Tensor[] _before = [];

    private TraceCheck(TraceReplay replay, ReplayKind kind)
    {
        _replay = replay;
        _exact = kind == ReplayKind.Float64;
        _tally = new Tally(_exact ? Float64Tolerance : Float32Tolerance);
        if (replay.File.Method == AdapterMethod.LoRA) return;
        if (!replay.Golden.TryGetValue("lambda", out var lambda) || !lambda.shape.SequenceEqual([replay.File.Steps, replay.File.Matrices.Length, replay.Set.InitialRank]))
        {
            throw new AdaLoRAException($"The trace has no 'lambda' of shape [{replay.File.Steps}, {replay.File.Matrices.Length}, {replay.Set.InitialRank}].");
        }
        using var largest = lambda.abs().max();
        _largestLambda = largest.item<double>();
    }

    /// <summary>Replays one trace of a folder.</summary>
    public static CaseResult Run(string folder, string name, ReplayKind kind)
    {
        string label = $"{name} {kind switch { ReplayKind.Float64 => "f64", ReplayKind.Float32 => "f32", _ => "f32-aten" }}";
        try
        {
            using var replay = new TraceReplay(folder, name, kind);
            using var check = new TraceCheck(replay, kind);
            return check.Judge(label);
        }
        catch (Exception e) when (CaseResult.IsOfTheCase(e))
        {
            return new CaseResult(label, false, double.NaN, "", CaseResult.Sentence(e));
        }
    }

    public void Dispose()
    {
        foreach (var average in _before) average.Dispose();
    }

    private CaseResult Judge(string label)
    {
        var file = _replay.File;
        using var _ = no_grad();
        for (int t = 1; t <= file.Steps && _tally.Failure is null; t++)
        {
            if (t == file.FrozenStep) _before = [_replay.Optimizer.State.Sensitivity!.clone(), _replay.Optimizer.State.Uncertainty!.clone()];
            double task;
            using (enable_grad()) task = _replay.Step(t);
            using var scope = NewDisposeScope();
            bool isLoRA = file.Method == AdapterMethod.LoRA;
            if (_exact || isLoRA)
            {
                Number(t, "task_loss", task);
                Snapshots(t);
            }
            if (_exact && !isLoRA)
            {
                Number(t, "orth_loss", _replay.Set.Options.OrthogonalWeight * _replay.Optimizer.Regulariser);
                Number(t, "grad_norm", _replay.Optimizer.GradientNorm);
            }
            if (isLoRA) continue;
            if (file.Recorded(t, "budget") is { } budget && budget != _replay.Optimizer.Budget) _tally.Fail($"step{t}.budget", $"b(t) is {_replay.Optimizer.Budget}, the trace has {budget}");
            Lambda(t);
            if (t == file.FrozenStep) RequireFrozen(t);
        }
        if (_tally.Failure is null) RequireComplete();
        return _tally.Result(label);
    }

    private void Number(int t, string name, double found)
    {
        if (_replay.File.Recorded(t, name) is not { } expected) return;
        _tally.Note(Math.Abs(found - expected) / Math.Max(_replay.File.Largest(name), 1e-300), $"step{t}.{name}");
    }

    private void Lambda(int t)
    {
        for (int i = 0; i < _replay.File.Matrices.Length; i++)
        {
            string matrix = _replay.File.Matrices[i];
            var expected = _replay.Golden["lambda"][t - 1][i];
            var found = _replay.Factor(_replay.Set.Arena.P, matrix, "E").to(ScalarType.Float64).reshape(-1);
            string theirs = Pattern(expected), ours = Pattern(found);
            if (ours != theirs) _tally.Fail($"step{t}.{matrix}.pattern", $"triplets {ours}, the trace has {theirs}");
            _tally.Note((found - expected).abs().max().item<double>() / Math.Max(_largestLambda, 1e-300), $"lambda.step{t}.{matrix}");
        }

        static string Pattern(Tensor lambda) => string.Concat(lambda.ne(0).data<bool>().ToArray().Select(alive => alive ? '1' : '0'));
    }

    private void Snapshots(int t)
    {
        foreach (string matrix in _replay.File.Matrices)
        {
            foreach (string factor in (string[])["A", "B", "E"])
            {
                Compare($"step{t}.{matrix}.lora_{factor}", _replay.Set.Arena.P, matrix, factor);
                Compare($"step{t}.ipt.{matrix}.lora_{factor}", _replay.Optimizer.State.Sensitivity, matrix, factor);
                Compare($"step{t}.unc.{matrix}.lora_{factor}", _replay.Optimizer.State.Uncertainty, matrix, factor);
            }
        }
    }

    private void Compare(string key, Tensor? flat, string matrix, string factor)
    {
        if (flat is null || !_replay.Golden.TryGetValue(key, out var expected)) return;
        _compared.Add(key);
        var found = _replay.Factor(flat, matrix, factor).to(ScalarType.Float64);
        if (!found.shape.SequenceEqual(expected.shape))
        {
            _tally.Fail(key, $"[{string.Join(", ", found.shape)}], the trace has [{string.Join(", ", expected.shape)}]");
            return;
        }
        _tally.Note((found - expected).abs().max().item<double>() / Math.Max(expected.abs().max().item<double>(), 1e-300), key);
    }

    /// <summary>The reference freezes its averages one step before the decisive ranking at T − t_f.</summary>
    private void RequireFrozen(int t)
    {
        var state = _replay.Optimizer.State;
        foreach (var (before, now, name) in (ReadOnlySpan<(Tensor, Tensor, string)>)[(_before[0], state.Sensitivity!, "ipt"), (_before[1], state.Uncertainty!, "unc")])
        {
            if (!before.equal(now).all().item<bool>()) _tally.Fail($"step{t}.{name}", $"an average moved at T − t_f, where the reference's rests");
        }
    }

    /// <summary>A golden tensor that nothing was compared with would be a check that cannot fail.</summary>
    private void RequireComplete()
    {
        if (!_exact && _replay.File.Method != AdapterMethod.LoRA) return;
        // Of each step at least the loss is recorded, or λ.
        string[] left = [.. _replay.Golden.Keys.Where(k => k.StartsWith("step", StringComparison.Ordinal) && !_compared.Contains(k))];
        if (left.Length > 0) _tally.Fail(left[0], $"{left.Length} recorded tensors belong to no step and matrix of the run");
        if (_tally.Compared == 0) _tally.Fail("", "the trace recorded nothing that could be compared");
        if (_replay.Optimizer.SkippedSteps > 0) _tally.Fail("", $"{_replay.Optimizer.SkippedSteps} steps were skipped");
    }
}
