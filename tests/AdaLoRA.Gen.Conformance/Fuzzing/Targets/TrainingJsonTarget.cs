using AdaLoRA.Gen.Conformance.Training;
using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Fuzzing.Targets;

/// <summary><c>training.json</c> beside sound tensors, read by an optimizer that wrote it.</summary>
internal sealed class TrainingJsonTarget : JsonFileTarget
{
    private readonly TinyModel _model = new(0, ScalarType.Float32);
    private readonly AdaLoRAOptimizer _optimizer;

    public TrainingJsonTarget()
    {
        _model.AttachAdaLoRA();
        _optimizer = _model.CreateAdaLoRAOptimizer(40);
        for (int step = 0; step < 3; step++)
        {
            using var scope = NewDisposeScope();
            _model.call(ones(4, TinyModel.In)).square().mean().backward();
            _optimizer.step();
        }
        string folder = Folder("state");
        _optimizer.SaveState(folder);
        AddSeed(Path.Combine(folder, TrainingStateFolder.JsonFile));
    }

    public override (int Factor, int Constant) Allowance => (64, 256 * 1024);

    public override void Read() => _optimizer.LoadState(Placed);

    protected override void Dispose(bool disposing)
    {
        _optimizer.Dispose();
        _model.Dispose();
        base.Dispose(disposing);
    }
}
