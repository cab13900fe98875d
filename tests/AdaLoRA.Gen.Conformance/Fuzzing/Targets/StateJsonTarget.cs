using AdaLoRA.Gen.Conformance.Training;
using AdaLoRA.Gen.Hosting;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Fuzzing.Targets;

/// <summary><c>state.json</c> of a checkpoint, read as a run that resumes reads it: the newest complete checkpoint, then the comparison with the run's own options.</summary>
internal sealed class StateJsonTarget : JsonFileTarget
{
    private readonly CheckpointState _own;
    private readonly CheckpointStore _store;

    public StateJsonTarget()
    {
        var evaluation = new EvaluationAt(5, new Evaluation("error", 0.25, HigherIsBetter: false) { Further = new Dictionary<string, double> { ["root"] = 0.5 } });
        _own = new CheckpointState { Model = "TinyModel", TotalSteps = 40, Seed = 3, Threads = 1, BatchesPerEpoch = 7, StepSeconds = 1.5, LastEvaluated = 5, Best = evaluation, Evaluations = [evaluation], Options = OptionsRecord.Of(new TrainingOptions()) };
        _store = new CheckpointStore(Folder("out"));
        using var model = new TinyModel(0, ScalarType.Float32);
        var adapters = model.AttachAdaLoRA();
        using var optimizer = adapters.CreateOptimizer(_own.TotalSteps);
        AddSeed(Path.Combine(_store.Save(optimizer, adapters, _own, 1, null), "state.json"));
    }

    public override (int Factor, int Constant) Allowance => (64, 256 * 1024);

    public override void Read()
    {
        var (folder, found) = _store.NewestComplete(_ => { }) ?? throw new InvalidDataException("the checkpoint was not seen");
        OptionsRecord.RequireSame(folder, found, _own);
        // What a run does with them next.
        found.Attempted(2);
        _ = found.Evaluations.Count + found.Evaluations.Sum(e => e.Step + e.Evaluation.Value);
        _ = _own.Best!.Evaluation.IsBetterThan(found.Best?.Evaluation);
    }
}
