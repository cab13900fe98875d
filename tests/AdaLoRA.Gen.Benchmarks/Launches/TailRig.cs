using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Budget;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Launches;

/// <summary>An arena with the adapters of an encoder and a tail on it, without a model: what follows backward, alone.</summary>
internal sealed class TailRig : IDisposable
{
    private const int Rank = 12;
    private readonly AdapterArena _arena;
    private readonly TrainingState _state;
    private readonly TrainableParameters _trainable;
    private readonly nn.Module _head;
    private readonly IArenaTail _tail;
    private readonly Tensor _gradient;
    private int _step;

    /// <summary>Six adapters of rank 12 a layer, as in the stack of the benchmark: four hidden × hidden, one up, one down.</summary>
    /// <param name="adapters">A multiple of six.</param>
    /// <param name="hidden">Row length; the feed-forward layers have four times as much.</param>
    /// <param name="create">The tail.</param>
    /// <param name="dtype">Element type of everything.</param>
    /// <param name="headed">Trains one linear layer in full beside the adapters.</param>
    /// <param name="device">Where; null: the CPU.</param>
    /// <param name="limits">Smallest and largest rank of each target; null: none.</param>
    public TailRig(
        int adapters, int hidden, Func<AdapterArena, TrainingState, TrainableParameters, Ranking, IArenaTail> create, ScalarType dtype = ScalarType.Float32, bool headed = false, Device? device = null, RankLimit[]? limits = null)
    {
        device ??= CPU;
        var shapes = Enumerable.Range(0, adapters).Select(i => (i % 6) switch
        {
            4 => new AdapterShape(Rank, hidden, 4 * hidden, 1.5),
            5 => new AdapterShape(Rank, 4 * hidden, hidden, 1.5),
            _ => new AdapterShape(Rank, hidden, hidden, 1.5),
        }).ToArray();
        _head = nn.Linear(hidden, 4, dtype: dtype, device: device);
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var layout = new ArenaLayout(shapes, hasLambda: true);
        _arena = new AdapterArena(layout, dtype, device, trainable: true);
        _state = new TrainingState(_arena, OptimizerKind.AdamW);
        using (no_grad())
        {
            using var deviation = 0.3.ToScalar();
            _arena.P.copy_(randn(layout.Total, generator: generator).to(device)).mul_(deviation);
            _arena.Refold();
            _gradient = randn(layout.Total, generator: generator).to(dtype, device).DetachFromDisposeScope();
        }
        _trainable = new TrainableParameters(_head, headed ? ["weight", "bias"] : [], OptimizerKind.AdamW);
        _tail = create(_arena, _state, _trainable, new Ranking(TripletScore.Of(ImportanceScore.Product), new RankAllocator(layout.AdapterOfTriplet(), limits: limits)));
    }

    /// <summary>Triplets that there is room for.</summary>
    public int Triplets => _arena.Layout.Triplets;

    /// <summary>Distinct (row length, rank) of the arena.</summary>
    public int Blocks => _arena.Layout.Blocks.Count;

    /// <summary>Triplets that the mask leaves.</summary>
    public int Living
    {
        get
        {
            using var scope = NewDisposeScope();
            return (int)_arena.Mask.to(ScalarType.Float64).sum().item<double>();
        }
    }

    public AdapterArena Arena => _arena;

    public TrainingState State => _state;

    public IArenaTail Tail => _tail;

    /// <summary>What backward leaves behind; no part of a step.</summary>
    public void Backward()
    {
        using var _ = no_grad();
        // A scope also keeps what nobody else holds, such as the object that .grad makes, from being freed while native code uses it.
        using var scope = NewDisposeScope();
        _arena.G!.copy_(_gradient);
        // Λ has no gradient of its own: the tail unfolds it.
        _arena.G.narrow(0, 0, _arena.Layout.Triplets).zero_();
        foreach (var parameter in _trainable.Parameters)
        {
            if (parameter.grad is { } gradient) gradient.copy_(parameter);
            else parameter.grad = ones_like(parameter).detach();
        }
    }

    /// <summary>Ends a step with the gradients that <see cref="Backward"/> left.</summary>
    /// <param name="allocateTo">Triplets that an allocation of this step leaves; null: none.</param>
    /// <param name="change">Changes the plan before it is carried out.</param>
    public void Step(long? allocateTo = null, Func<StepPlan, StepPlan>? change = null)
    {
        var plan = new StepPlan
        {
            Rule = new UpdateRule(OptimizerKind.AdamW, 0.9, 0.999, 1e-8, 0.01, 0.01, 0.01),
            LearningRate = new Rate(1e-3, 1e-3),
            TrainableLearningRate = new Rate(1e-3, 1e-3),
            OrthogonalWeight = 0.1,
            ImportanceBeta1 = 0.85,
            ImportanceBeta2 = 0.85,
            Point = new SchedulePoint(++_step, allocateTo, UpdateImportance: true, HoldPattern: false),
        };
        _tail.Step(change?.Invoke(plan) ?? plan);
    }

    /// <summary>All bits that a step may change.</summary>
    public byte[] Everything()
    {
        using var scope = NewDisposeScope();
        var trained = _trainable.States.SelectMany(t => new[] { t.Parameter.detach(), t.M, t.V });
        return [.. new[] { _arena.P, _arena.AE, _arena.Mask, _state.M, _state.V, _state.Sensitivity, _state.Uncertainty, _state.Applied }.Concat(trained).SelectMany(t => t!.bytes.ToArray())];
    }

    public void Dispose()
    {
        _tail.Dispose();
        _trainable.Dispose();
        _state.Dispose();
        _arena.Dispose();
        _head.Dispose();
        _gradient.Dispose();
    }
}
