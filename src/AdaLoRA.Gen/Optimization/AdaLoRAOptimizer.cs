using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Budget;
using AdaLoRA.Gen.Optimization;
using AdaLoRA.Gen.Serialization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// One object for everything after <c>backward()</c>: regulariser, clipping, AdamW or SGD, importance, allocation, masking and refolding happen in <see cref="step"/>. The regulariser
/// enters as a gradient, once per step; it is never part of the loss.
/// </summary>
public sealed partial class AdaLoRAOptimizer : optim.Optimizer
{
    private readonly AdapterSet _set;
    private readonly AdaLoRAOptimizerOptions _options;
    private readonly TrainableParameters _trainable;
    private readonly TrainingState _state;
    private readonly Ranking _ranking;
    private readonly RateGroup _adapterRate;
    private readonly RateGroup _trainableRate;
    private readonly TensorPressure _pressure = new();
    private readonly TailChoice _choice;
    private readonly StepTally _tally = new();
    private IArenaTail _tail;

    /// <summary>Rates that were set for the last steps, by even and odd: a step that turns out to be the one before is taken with that one's.</summary>
    private readonly (int Step, double Adapters, double Trained)[] _rates = new (int, double, double)[2];

    /// <summary>What the last step found, where the tail that took it is gone.</summary>
    private (double Norm, double Regulariser)? _beforeReplacement;

    internal AdaLoRAOptimizer(AdapterSet set, int totalSteps, AdaLoRAOptimizerOptions options, TailChoice choice = TailChoice.Fastest) : base(IntPtr.Zero)
    {
        var broken = options.Validate();
        if (broken.Count > 0) throw AdaLoRAException.FromRules(nameof(AdaLoRAOptimizer), broken);
        if (!set.IsTrainable) throw new AdaLoRAException($"The adapters of {set.ModelName} were loaded for inference; load them with trainable: true to go on training.");
        if (set.Arena.Layout.Triplets == 0) throw new AdaLoRAException($"Every target of {set.ModelName} has rank 0; there is nothing to train.");
        // torch keeps its thread count per thread and sets it at the first parallel loop. A product before that uses every core and sums in another order than all that follow.
        _ = get_num_threads();
        _set = set;
        _options = options;
        _choice = choice;
        _ranking = set.CreateRanking();
        if (set.Options.Method == AdapterMethod.AdaLoRA)
        {
            Schedule = new BudgetSchedule(totalSteps, _ranking.Allocator.TotalCost, set.Sizing.Budget, set.Options.InitialWarmup, set.Options.FinalWarmup, set.Options.Interval);
            set.Phases = new TrainingPhases(totalSteps, Schedule.InitialWarmupSteps, Schedule.FinalWarmupSteps);
        }
        set.Optimizer = this;
        _trainable = new TrainableParameters(set.Model, set.TrainableNames, options.Kind);
        _state = new TrainingState(set.Arena, options.Kind);
        _tail = CreateTail();
        _adapterRate = new RateGroup(set.Adapters.SelectMany(a => a.parameters()), options.LearningRate);
        _trainableRate = new RateGroup(_trainable.Parameters, options.TrainableLearningRate ?? options.LearningRate);
        _parameter_groups = [_adapterRate, _trainableRate];
    }

    /// <summary>The budget schedule; null for plain LoRA.</summary>
    public BudgetSchedule? Schedule { get; }

    /// <summary>
    /// t: steps that changed something. A step whose gradients are not finite is not counted: it is as if it had not been taken. On a device the last step counts until it is known
    /// otherwise, one call of <see cref="step"/> later; <see cref="Synchronize"/> waits for it.
    /// </summary>
    public int StepsCompleted => _tally.Completed;

    /// <summary>Steps that changed nothing because a gradient was not finite; known one step late on a device.</summary>
    public long SkippedSteps => _tally.Skipped;

    /// <summary>How many of the last steps in a row changed nothing.</summary>
    public long SkippedInARow => _tally.SkippedInARow;

    /// <summary>Learning rate of the adapters; may be set before every step.</summary>
    public double LearningRate
    {
        get => _adapterRate.LearningRate;
        set => _adapterRate.LearningRate = value;
    }

    /// <summary>Learning rate of the fully trained modules; may be set before every step.</summary>
    public double TrainableLearningRate
    {
        get => _trainableRate.LearningRate;
        set => _trainableRate.LearningRate = value;
    }

    /// <summary>‖g‖₂ of the last step over adapters and trained modules, regulariser included, before clipping.</summary>
    public double GradientNorm => _beforeReplacement?.Norm ?? _tail.GradientNorm;

    /// <summary>The orthogonality regulariser of the last step, without its weight γ.</summary>
    public double Regulariser => _beforeReplacement?.Regulariser ?? _tail.Regulariser;

    /// <summary>b(t) of the last step, in triplets or parameters; the number of triplets for plain LoRA.</summary>
    public long Budget => Schedule?.BudgetAt(StepsCompleted) ?? _set.Arena.Layout.Triplets;

    /// <summary>The importances that the last ranking compared (eqs. 9 and 13, or what <see cref="AdaLoRAOptions.Score"/> names), one a triplet in canonical order (adapter by adapter, by path). Costs a device sync where there is one.</summary>
    /// <returns>Empty before the first ranking, for plain LoRA, and after compaction, when there is nothing left to rank.</returns>
    public float[] ReadImportances() => Schedule is null ? [] : _tail.ReadScores();

    internal TrainingState State => _state;

    internal AdapterSet Set => _set;

    internal AdaLoRAOptimizerOptions Options => _options;

    internal IEnumerable<(string Name, Parameter Parameter, Tensor? M, Tensor? V)> TrainableStates => _trainable.States;

    /// <summary>Takes one step with the gradients of the last backward passes and leaves them at zero.</summary>
    /// <param name="closure">Evaluated first when given; its loss is returned.</param>
    /// <exception cref="AdaLoRAException">No adapted layer ran since attach, the adapters are switched off or merged, backward no longer writes into the arena, or a checkpoint failed in backward.</exception>
    public override Tensor step(Func<Tensor>? closure = null)
    {
        RequireComputing("before training goes on");
        var loss = closure?.Invoke();
        ActivationCheckpoint.ThrowIfFailed();
        if (StepsCompleted == 0) RequireCalls();
        RequireBackward();
        _set.Arena.VerifyGradientViews(_set.Adapters);
        FollowArena();
        var plan = Plan(StepsCompleted + 1);
        _tail.Step(plan);
        _set.Arena.Steps++;
        _beforeReplacement = null;
        _tally.Attempted(_tail.Known);
        if (plan.Point.AllocateTo is not null || plan.IfLastWasSkipped?.AllocateTo is not null) _set.RanksChanged();
        if (_set.Options.Compact && !_set.IsCompacted && Schedule is { } s && StepsCompleted >= s.DecisiveStep)
        {
            // One wait a run: when it compacts must not depend on when the count arrives.
            Synchronize();
            if (StepsCompleted >= s.DecisiveStep) Compact();
        }
        _pressure.Relieve();
        return loss!;
    }

    /// <summary>Zeroes the gradients in place. <see cref="step"/> already leaves them at zero, so this is only needed to throw a backward away.</summary>
    public override void zero_grad()
    {
        RequireAttached();
        _set.ForgetFailure();
        using var _ = no_grad();
        _set.Arena.G!.zero_();
        _trainable.ZeroGradients();
    }

    /// <summary>Waits for the device, so that <see cref="StepsCompleted"/> and <see cref="SkippedSteps"/> are final. Free on the CPU.</summary>
    public void Synchronize() => _tally.Update(_tail.Synchronize());

    /// <summary>
    /// Shrinks the arena to the surviving triplets; weights, moments and averages go along, and targets of rank 0 lose their hook. Only in the final phase, when the pattern is fixed.
    /// <see cref="AdaLoRAOptions.Compact"/> calls it at the first moment. Doing it twice does nothing.
    /// </summary>
    /// <exception cref="AdaLoRAException">The pattern is not final yet, or the set is plain LoRA.</exception>
    public void Compact()
    {
        RequireAttached();
        if (_set.IsCompacted) return;
        if (Schedule is null) throw new AdaLoRAException($"{_set.ModelName} has plain LoRA adapters, which lose no triplets; there is nothing to compact.");
        Synchronize();
        if (StepsCompleted < Schedule.DecisiveStep) throw new AdaLoRAException($"After step {StepsCompleted} the ranks can still change; compact from step {Schedule.DecisiveStep} on.");
        Shrink([.. _set.Adapters.Select(a => a.Mask().ToArray()).Select(mask => Enumerable.Range(0, mask.Length).Where(k => mask[k]).ToArray())]);
    }

    /// <inheritdoc/>
    public override IEnumerable<Parameter> parameters() => _set.Adapters.SelectMany(a => a.parameters()).Concat(_trainable.Parameters);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _tail.Dispose();
            _state.Dispose();
            _trainable.Dispose();
        }
        base.Dispose(disposing);
    }

    private StepPlan Plan(int t)
    {
        var options = _set.Options;
        _rates[t % 2] = (t, LearningRate, TrainableLearningRate);
        var before = _rates[(t - 1) % 2] is { } last && last.Step == t - 1 ? last : _rates[t % 2];
        return new StepPlan
        {
            Rule = new UpdateRule(_options.Kind, _options.Beta1, _options.Beta2, _options.Epsilon, _options.WeightDecay, _options.DecayLambda ? _options.WeightDecay : 0, _options.TrainableWeightDecay ?? _options.WeightDecay),
            LearningRate = new Rate(LearningRate, before.Adapters),
            RatioB = _options.LoraPlusRatio,
            TrainableLearningRate = new Rate(TrainableLearningRate, before.Trained),
            MaxGradNorm = _options.MaxGradNorm,
            Fidelity = options.Fidelity,
            OrthogonalWeight = Schedule is null ? 0 : options.OrthogonalWeight,
            ImportanceBeta1 = options.Beta1,
            ImportanceBeta2 = options.Beta2,
            Point = PointAt(t),
            IfLastWasSkipped = _tally.IsLastUnknown ? PointAt(t - 1) : null,
            SurvivorsOnly = _options.SurvivorsOnly && Schedule?.IsFinalPhase(t) == true,
        };
    }

    private SchedulePoint PointAt(int t) => Schedule is not { } s ? new SchedulePoint(t, null, false, false) : new SchedulePoint(
        t,
        s.IsAllocationStep(t) ? s.BudgetAt(t) : null,
        // The reference freezes the averages one step before its decisive ranking; Algorithm 1 updates them for it.
        _set.Options.Fidelity == Fidelity.Paper ? t <= s.DecisiveStep : t < s.DecisiveStep,
        s.IsFinalPhase(t));

    private void RequireAttached()
    {
        if (!_set.IsAttached) throw new AdaLoRAException($"The adapters of {_set.ModelName} were detached; attach them and create the optimizer anew.");
    }

    private void RequireComputing(string before)
    {
        RequireAttached();
        if (!ReferenceEquals(_set.Optimizer, this)) throw new AdaLoRAException($"Another optimizer was created for the adapters '{_set.Name}' of {_set.ModelName}; use that one, both would spend the same gradients.");
        if (!_set.IsComputing) throw new AdaLoRAException($"The adapters '{_set.Name}' of {_set.ModelName} are {(_set.IsMerged ? "merged; call Unmerge()" : "switched off; call Activate()")} {before}.");
    }

    private void RequireBackward()
    {
        try
        {
            _set.RequireBackward();
        }
        catch (AdaLoRAException)
        {
            // What the pass gave to the trained modules is as incomplete.
            using var _ = no_grad();
            _trainable.ZeroGradients();
            throw;
        }
    }

    private void RequireCalls()
    {
        if (_set.Adapters.Any(a => a.Calls > 0)) return;
        throw new AdaLoRAException($"No adapted layer of {_set.ModelName} ran through its adapter before the first step; call layers with .call(x), since .forward(x) goes round the adapter.");
    }

    private void FollowArena()
    {
        bool moved = _tail is SimdTail ? !SimdTail.Supports(_set.Arena) : !_state.Applied.device.IsSame(_set.Arena.Device);
        if (moved) ReplaceTail();
        _state.FollowArena();
    }

    private void Shrink(int[][] kept)
    {
        _set.Shrink(kept, _state);
        ReplaceTail();
    }

    private void ReplaceTail()
    {
        Synchronize();
        _beforeReplacement = (GradientNorm, Regulariser);
        _tally.Rebase();
        _tail.Dispose();
        _tail = CreateTail();
    }

    private IArenaTail CreateTail() => SimdTail.Supports(_set.Arena) && _choice == TailChoice.Fastest
        ? new SimdTail(_set.Arena, _state, _trainable, _ranking)
        : new AtenTail(_set.Arena, _state, _trainable, _ranking, late: _choice == TailChoice.AtenLate);
}
