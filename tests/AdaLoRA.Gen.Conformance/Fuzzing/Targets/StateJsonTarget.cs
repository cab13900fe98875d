using System.Text.Json;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Conformance.Fuzzing.Targets;

/// <summary><c>state.json</c> of a checkpoint, read as a run that resumes reads it: the newest checkpoint, then the comparison with the run's own options.</summary>
internal sealed class StateJsonTarget : JsonFileTarget
{
    private readonly CheckpointState _own;
    private readonly string _output;
    private readonly CheckpointStore _store;

    public StateJsonTarget()
    {
        var evaluation = new EvaluationAt(5, new Evaluation("error", 0.25, HigherIsBetter: false) { Further = new Dictionary<string, double> { ["root"] = 0.5 } });
        _own = new CheckpointState { Model = "TinyModel", Step = 7, TotalSteps = 40, Seed = 3, Threads = 1, BatchesPerEpoch = 7, StepSeconds = 1.5, LastEvaluated = 5, Best = evaluation, Evaluations = [evaluation], Options = OptionsRecord.Of(new TrainingOptions()) };
        _output = Folder("out");
        string path = Path.Combine(Folder(Path.Combine("out", "checkpoints", "step-7")), "state.json");
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(_own, HostingJson.Default.CheckpointState));
        _store = new CheckpointStore(_output);
        AddSeed(path);
    }

    public override (int Factor, int Constant) Allowance => (64, 256 * 1024);

    public override void Read()
    {
        var (folder, found) = _store.Newest() ?? throw new InvalidDataException("the checkpoint was not seen");
        OptionsRecord.RequireSame(folder, found, _own);
        // What a run does with them next.
        _ = found.Evaluations.Count + found.Evaluations.Sum(e => e.Step + e.Evaluation.Value);
        _ = _own.Best!.Evaluation.IsBetterThan(found.Best?.Evaluation);
    }
}
