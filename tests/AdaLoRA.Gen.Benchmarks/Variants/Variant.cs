using System.Diagnostics;
using AdaLoRA.Gen.Benchmarks.Stack;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>One way to train (or not to train) adapters on the shared stack. Every variant takes its step through the same lines.</summary>
internal abstract class Variant(string name, FrozenWeights weights) : IDisposable
{
    public const string Frozen = "frozen", PeftLoRA = "peft-lora", PeftAdaLoRA = "peft-adalora", ArenaLoRA = "arena-lora", ArenaAdaLoRA = "arena-adalora";

    public static IReadOnlyList<string> Names { get; } = [Frozen, PeftLoRA, PeftAdaLoRA, ArenaLoRA, ArenaAdaLoRA];

    public string Name => name;

    protected FrozenWeights Weights => weights;

    protected abstract Encoder Model { get; }

    public static Variant Create(string name, FrozenWeights weights, Recipe recipe) => name switch
    {
        Frozen => new FrozenVariant(weights),
        PeftLoRA => new PeftLoRAVariant(weights, recipe),
        PeftAdaLoRA => new PeftAdaLoRAVariant(weights, recipe),
        ArenaLoRA => new ArenaVariant(name, weights, recipe, AdapterMethod.LoRA),
        ArenaAdaLoRA => new ArenaVariant(name, weights, recipe, AdapterMethod.AdaLoRA),
        _ => throw new ArgumentException($"There is no variant '{name}'.", nameof(name)),
    };

    /// <param name="step">Number of the step, from 1.</param>
    public StepSample Step(int step)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp(), backward, update, disposal;
        using (NewDisposeScope())
        {
            // The input wants its gradient, so that the frozen model has a backward to be compared with.
            var x = weights.Input(step).detach().requires_grad_(true);
            var loss = AddToLoss(nn.functional.mse_loss(Model.call(x), weights.Target(step)));
            backward = Stopwatch.GetTimestamp();
            loss.backward();
            update = Stopwatch.GetTimestamp();
            Update(step);
            disposal = Stopwatch.GetTimestamp();
        }
        if (weights.Device.type == DeviceType.CUDA) cuda.synchronize();
        long end = Stopwatch.GetTimestamp();
        return new StepSample(Ms(start, end), Ms(start, backward), Ms(backward, update), Ms(update, disposal), GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    /// <summary>The output for one input, without a graph.</summary>
    public Tensor Predict(int step)
    {
        using var _ = no_grad();
        return Model.call(weights.Input(step));
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual Tensor AddToLoss(Tensor loss) => loss;

    protected virtual void Update(int step) { }

    private static double Ms(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;

    protected virtual void Dispose(bool disposing)
    {
        if (disposing) Model.Dispose();
    }
}
