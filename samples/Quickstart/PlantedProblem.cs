using TorchSharp;
using static TorchSharp.torch;

namespace Quickstart;

/// <summary>
/// Inputs and outputs of a teacher: the same network, but with U diag(s) Vᵀ of a known rank added to each weight. An allocator that works finds those ranks again.
/// </summary>
public sealed class PlantedProblem : IDisposable
{
    /// <summary>The teacher that the sample shows; its README tells how others fare.</summary>
    public const int DefaultInstance = 7;

    private const int TrainingExamples = 16_384;
    private const int TestExamples = 4_096;
    private readonly Generator _random;

    /// <summary>Draws network, teacher and data.</summary>
    /// <param name="instance">Seed of all three.</param>
    public PlantedProblem(int instance = DefaultInstance)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        _random = new Generator((ulong)instance);
        Model = new PlantedMlp(_random);
        TrainX = randn([TrainingExamples, PlantedMlp.Width], generator: _random);
        TestX = randn([TestExamples, PlantedMlp.Width], generator: _random);
        var teacher = Model.Weights.Zip(Ranks, (w, r) => w + Update(r)).ToList();
        TrainY = Teach(teacher, TrainX);
        TestY = Teach(teacher, TestX);
        Baseline = nn.functional.mse_loss(Model.call(TestX), TestY).item<float>();
        foreach (var kept in new[] { TrainX, TrainY, TestX, TestY }) kept.DetachFromDisposeScope();
    }

    /// <summary>Rank of the update planted in each layer; 24 in all.</summary>
    public static IReadOnlyList<int> Ranks { get; } = [0, 0, 8, 1, 0, 4, 2, 0, 8, 0, 1, 0];

    /// <summary>The frozen network that has to learn the teacher's updates.</summary>
    public PlantedMlp Model { get; }

    /// <summary>Inputs to train on, [16384, 48].</summary>
    public Tensor TrainX { get; }

    /// <summary>The teacher's answers to them.</summary>
    public Tensor TrainY { get; }

    /// <summary>Inputs to test on, [4096, 48].</summary>
    public Tensor TestX { get; }

    /// <summary>The teacher's answers to them.</summary>
    public Tensor TestY { get; }

    /// <summary>Test error of the network without adapters; errors are told as fractions of it.</summary>
    public float Baseline { get; }

    /// <summary>Error of the model as it is now, on the test inputs, as a fraction of the unadapted model's.</summary>
    public double TestError()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return nn.functional.mse_loss(Model.call(TestX), TestY).item<float>() / Baseline;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Model.Dispose();
        foreach (var tensor in new[] { TrainX, TrainY, TestX, TestY }) tensor.Dispose();
        _random.Dispose();
    }

    private Tensor Update(int rank)
    {
        if (rank == 0) return zeros(PlantedMlp.Width, PlantedMlp.Width);
        var (u, _) = linalg.qr(randn([PlantedMlp.Width, rank], generator: _random));
        var (v, _) = linalg.qr(randn([PlantedMlp.Width, rank], generator: _random));
        var s = rand([rank], generator: _random) + 0.5;
        return (u * s).mm(v.t());
    }

    private static Tensor Teach(List<Tensor> weights, Tensor x)
    {
        foreach (var weight in weights) x = x + 0.5 * nn.functional.gelu(x.mm(weight.t()));
        return x;
    }
}
