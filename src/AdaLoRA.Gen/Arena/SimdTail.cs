using AdaLoRA.Gen.Budget;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// The tail for fp32 on the CPU: two passes, factor by factor while it is in cache. The first unfolds the chain rule, adds the regulariser and sums the norm; the second, which
/// only runs when that norm is finite, updates everything. Sums are kept per factor and added in a fixed order, so the result does not depend on the number of threads.
/// </summary>
internal sealed unsafe partial class SimdTail : IArenaTail
{
    /// <summary>Elements below which a second thread costs more than it saves.</summary>
    private const long ElementsPerThread = 200_000;

    private readonly AdapterArena _arena;
    private readonly TrainingState _state;
    private readonly TrainableParameters _trainable;
    private readonly Factor[] _factors;
    private readonly double[] _squares;
    private readonly double[] _regularisers;
    private readonly int[] _canonical;
    private readonly bool[] _kept;
    private readonly Ranking _ranking;
    private readonly DeviceConstants _constants = new(CPU);
    private readonly long _appliedBefore;
    private long _applied;
    private long _attempts;

    public SimdTail(AdapterArena arena, TrainingState state, TrainableParameters trainable, Ranking ranking)
    {
        _arena = arena;
        _state = state;
        state.FollowArena();
        _applied = _appliedBefore = (long)state.Applied.item<double>();
        _trainable = trainable;
        _ranking = ranking;
        var layout = arena.Layout;
        // By offset: memory is walked once, front to back.
        _factors = [.. Enumerable.Range(0, layout.Shapes.Length)
            .Where(i => layout.Shapes[i].Rank > 0)
            .SelectMany(i => new[]
            {
                new Factor(layout.Shapes[i].Rank, layout.Shapes[i].InFeatures, layout.AOffsets[i], layout.FoldedOffsets[i], layout.TripletOffsets[i], (float)layout.Shapes[i].Scale, IsA: true),
                new Factor(layout.Shapes[i].Rank, layout.Shapes[i].OutFeatures, layout.BOffsets[i], 0, layout.TripletOffsets[i], (float)layout.Shapes[i].Scale, IsA: false),
            })
            .OrderBy(f => f.Offset)];
        _squares = new double[_factors.Length];
        _regularisers = new double[_factors.Length];
        _canonical = layout.CanonicalOrder();
        _kept = new bool[layout.Triplets];
        _scores = new float[layout.Triplets];
        _rowScores = new float[2 * layout.Triplets];
    }

    public double GradientNorm { get; private set; }

    public double Regulariser { get; private set; }

    public StepCount Known => new(_attempts, _applied - _appliedBefore);

    public StepCount Synchronize() => Known;

    /// <summary>Whether this form can run an arena of this kind.</summary>
    public static bool Supports(AdapterArena arena) => arena.DType == ScalarType.Float32 && arena.Device.type == DeviceType.CPU;

    public void Step(in StepPlan plan)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var buffers = Buffers();
        SumPass(buffers, plan);
        GradientNorm = Math.Sqrt(_squares.Sum() + TrainableSquares());
        Regulariser = plan.Fidelity == Fidelity.Paper ? _regularisers.Sum() : _regularisers.Sum() / (2 * _arena.Layout.Shapes.Length);

        _attempts++;
        if (!double.IsFinite(GradientNorm))
        {
            _arena.G!.zero_();
            _trainable.ZeroGradients();
            return;
        }
        using (var applied = ((double)++_applied).ToScalar()) _state.Applied.fill_(applied);
        double scale = plan.MaxGradNorm > 0 ? Math.Min(1, plan.MaxGradNorm / (GradientNorm + 1e-6)) : 1;
        UpdatePass(buffers, plan, scale);
        UpdateTrainable(plan, scale);
        if (plan.Point.AllocateTo is { } budget) Allocate(buffers, budget);
    }

    public void Dispose() => _constants.Dispose();

    private void SumPass(SimdBuffers b, StepPlan plan)
    {
        double weight = plan.OrthogonalWeight, coefficient = plan.Fidelity == Fidelity.Paper ? 4 * weight : 2 * weight / (2 * _arena.Layout.Shapes.Length);
        bool hasLambda = _arena.Layout.HasLambda;
        ForEachFactor(i =>
        {
            var f = _factors[i];
            float scale = f.Scale;
            float* p = b.P + f.Offset, g = b.G + f.Offset;
            double squares = 0;
            if (f.IsA && hasLambda)
            {
                for (int k = 0; k < f.Rank; k++)
                {
                    long row = (long)k * f.Length;
                    float* gradientLambda = b.G + f.Triplet + k;
                    *gradientLambda += scale * SimdKernels.UnfoldRow(p + row, g + row, f.Length, b.P[f.Triplet + k] * scale);
                    squares += *gradientLambda * *gradientLambda;
                }
            }
            else if (f.IsA)
            {
                SimdKernels.Scale(g, f.Elements, scale);
            }
            _regularisers[i] = weight == 0 ? 0 : SimdRegulariser.AddGradient(p, g, f.Rank, f.Length, plan.Fidelity, coefficient);
            _squares[i] = squares + SimdKernels.SumOfSquares(g, f.Elements);
        });
    }

    private void UpdatePass(SimdBuffers b, StepPlan plan, double gradientScale)
    {
        double rate = plan.LearningRate.Now;
        var updateA = new SimdUpdate(b, plan, gradientScale, _applied, rate, plan.Rule.WeightDecay);
        var updateB = new SimdUpdate(b, plan, gradientScale, _applied, rate * plan.RatioB, plan.Rule.WeightDecay);
        var updateE = new SimdUpdate(b, plan, gradientScale, _applied, rate, plan.Rule.LambdaDecay);
        bool hasLambda = _arena.Layout.HasLambda, hold = plan.Point.HoldPattern, rank = plan.Point.AllocateTo is not null;
        ForEachFactor(i =>
        {
            Update(i);
            // While both averages of the factor are in cache.
            if (rank) SumScores(b, i);
        });

        void Update(int i)
        {
            var f = _factors[i];
            if (!f.IsA)
            {
                updateB.Run(f.Offset, f.Elements, null, 0);
                return;
            }
            if (!hasLambda)
            {
                updateA.Run(f.Offset, f.Elements, b.AE + f.Folded, f.Scale);
                return;
            }
            // E first: its new values are folded into A's rows.
            updateE.Run(f.Triplet, f.Rank, null, 0);
            for (int k = 0; k < f.Rank; k++)
            {
                if (hold) b.P[f.Triplet + k] *= b.Mask[f.Triplet + k];
                long row = (long)k * f.Length;
                updateA.Run(f.Offset + row, f.Length, b.AE + f.Folded + row, b.P[f.Triplet + k] * f.Scale);
            }
        }
    }

    private double TrainableSquares() => _trainable.IsEmpty ? 0 : _trainable.Norms(ScalarType.Float64, CPU).Sum(norm => Math.Pow(norm.item<double>(), 2));

    private void UpdateTrainable(in StepPlan plan, double gradientScale)
    {
        if (_trainable.IsEmpty) return;
        using var scale = gradientScale == 1 ? null : tensor(gradientScale, dtype: ScalarType.Float32);
        _trainable.Update(new UpdateFactors(plan.Rule, null, _state.Applied, _constants, FusedAdamW.RunsOn(CPU)), scale, null, plan.TrainableLearningRate, plan.Rule.TrainableDecay);
    }

    private void ForEachFactor(Action<int> body)
    {
        int threads = (int)Math.Clamp(_arena.Layout.Total / ElementsPerThread, 1, get_num_threads());
        if (threads == 1)
        {
            for (int i = 0; i < _factors.Length; i++) body(i);
        }
        else
        {
            Parallel.For(0, _factors.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, body);
        }
    }

    private SimdBuffers Buffers() => new()
    {
        P = Pointer(_arena.P),
        G = Pointer(_arena.G),
        M = Pointer(_state.M),
        V = Pointer(_state.V),
        Sensitivity = Pointer(_state.Sensitivity),
        Uncertainty = Pointer(_state.Uncertainty),
        AE = Pointer(_arena.AE),
        Mask = Pointer(_arena.Mask),
    };

    // Tensor memory does not move: the pointer outlives the fixed statement.
    private static float* Pointer(Tensor? flat)
    {
        if (flat is null) return null;
        fixed (byte* p = flat.bytes) return (float*)p;
    }

    private readonly record struct Factor(int Rank, int Length, long Offset, long Folded, int Triplet, float Scale, bool IsA)
    {
        public long Elements => (long)Rank * Length;
    }
}
