using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using TorchSharp;

namespace AdaLoRA.Gen.Benchmarks.Workers;

/// <summary>What to take steps of.</summary>
/// <param name="Shape">The stack.</param>
/// <param name="Variants">Names of <see cref="Variant.Names"/>, interleaved.</param>
/// <param name="Threads">Intra-op threads.</param>
/// <param name="Effort">How long.</param>
internal sealed record StepsRequest(StackShape Shape, IReadOnlyList<string> Variants, int Threads, Effort Effort)
{
    public Recipe Recipe { get; init; } = new();

    /// <summary>cpu or cuda.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Whether the frozen base is bfloat16; the adapters stay float32.</summary>
    public bool Bfloat16Base { get; init; }
}

/// <summary>Times the steps of variants against each other.</summary>
internal static class StepsWorker
{
    public static Worker<StepsRequest, Measurement> Worker { get; } = new("steps", Run);

    private static Measurement Run(StepsRequest request)
    {
        NativeThreads.Configure(request.Threads);
        using var weights = new FrozenWeights(request.Shape, torch.device(request.Device), request.Bfloat16Base ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32);
        var variants = request.Variants.Select(name => Variant.Create(name, weights, request.Recipe)).ToArray();
        try
        {
            return new Measurement(InterleavedRun.Measure(request.Shape.Name, variants.ToDictionary(v => v.Name, v => (Func<int, StepSample>)v.Step), request.Effort));
        }
        finally
        {
            foreach (var variant in variants) variant.Dispose();
        }
    }
}
