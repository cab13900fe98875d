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
public sealed class AdaLoRAOptimizer : optim.Optimizer
{
    private readonly AdapterSet _set;
    private readonly AdaLoRAOptimizerOptions _options;
    private readonly TrainableParameters _trainable;
    private readonly TrainingState _state;
    private readonly RateGroup _adapterRate;
    private readonly RateGroup _trainableRate;
    private readonly TensorPressure _pressure = new();
    private IArenaTail _tail;
    private readonly bool _forceAten;

    internal AdaLoRAOptimizer(AdapterSet set, int totalSteps, AdaLoRAOptimizerOptions options, bool forceAten = false) : base(IntPtr.Zero)
    {
        var broken = options.Validate();
        if (broken.Count > 0) throw AdaLoRAException.FromRules(nameof(AdaLoRAOptimizer), broken);
        if (!set.IsTrainable) throw new AdaLoRAException($"The adapters of {set.ModelName} were loaded for inference; load them with trainable: true to go on training.");
        if (set.Arena.Layout.Triplets == 0) throw new AdaLoRAException($"Every target of {set.ModelName} has rank 0; there is nothing to train.");
        _set = set;
        _options = options;
        _forceAten = forceAten;
        if (set.Options.Method == AdapterMethod.AdaLoRA)
        {
            Schedule = new BudgetSchedule(totalSteps, set.Arena.Layout.Triplets, set.Sizing.Budget, set.Options.InitialWarmup, set.Options.FinalWarmup, set.Options.Interval);
            set.Phases = new TrainingPhases(totalSteps, Schedule.InitialWarmupSteps, Schedule.FinalWarmupSteps);
        }
        _trainable = new TrainableParameters(set.Model, set.TrainableNames, options.Kind);
        _state = new TrainingState(set.Arena, options.Kind);
        _tail = CreateTail();
        _adapterRate = new RateGroup(set.Adapters.SelectMany(a => a.parameters()), options.LearningRate);
        _trainableRate = new RateGroup(_trainable.Parameters, options.TrainableLearningRate ?? options.LearningRate);
        _parameter_groups = [_adapterRate, _trainableRate];
    }

    /// <summary>The budget schedule; null for plain LoRA.</summary>
    public BudgetSchedule? Schedule { get; }

    /// <summary>t: completed calls of <see cref="step"/>.</summary>
    public int StepsCompleted { get; private set; }

    /// <summary>Steps that changed nothing because a gradient was not finite.</summary>
    public long SkippedSteps
    {
        get
        {
            using var applied = _state.Applied.cpu();
            return StepsCompleted - (long)applied.item<double>();
        }
    }

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
    public double GradientNorm => _tail.GradientNorm;

    /// <summary>The orthogonality regulariser of the last step, without its weight γ.</summary>
    public double Regulariser => _tail.Regulariser;

    /// <summary>b(t) of the last step; the number of triplets for plain LoRA.</summary>
    public int Budget => Schedule?.BudgetAt(StepsCompleted) ?? _set.Arena.Layout.Triplets;

    internal TrainingState State => _state;

    internal AdapterSet Set => _set;

    internal OptimizerKind Kind => _options.Kind;

    internal IEnumerable<(string Name, Parameter Parameter, Tensor? M, Tensor? V)> TrainableStates => _trainable.States;

    /// <summary>Takes one step with the gradients of the last backward passes and leaves them at zero.</summary>
    /// <param name="closure">Evaluated first when given; its loss is returned.</param>
    /// <exception cref="AdaLoRAException">No adapted layer ran since attach, or backward no longer writes into the arena.</exception>
    public override Tensor step(Func<Tensor>? closure = null)
    {
        RequireAttached();
        var loss = closure?.Invoke();
        if (StepsCompleted == 0) RequireCalls();
        _set.Arena.VerifyGradientViews(i => _set.Adapters[i].Path);
        FollowArena();
        int t = StepsCompleted + 1;
        var plan = Plan(t);
        _tail.Step(plan);
        StepsCompleted = t;
        if (plan.AllocateTo is not null) _set.RanksChanged();
        _pressure.Relieve();
        return loss!;
    }

    /// <summary>Zeroes the gradients in place. <see cref="step"/> already leaves them at zero, so this is only needed to throw a backward away.</summary>
    public override void zero_grad()
    {
        RequireAttached();
        using var _ = no_grad();
        _set.Arena.G!.zero_();
        _trainable.ZeroGradients();
    }

    /// <summary>
    /// Saves all that a resumed run needs to go on bit for bit: weights, moments, importance averages, mask and step, as <c>training.safetensors</c> and <c>training.json</c>.
    /// </summary>
    /// <param name="folder">Made when it does not exist; other files in it stay.</param>
    public void SaveState(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        RequireAttached();
        FollowArena();
        TrainingStateFolder.Write(this, folder);
    }

    /// <summary>Goes on where <see cref="SaveState"/> left off. The model and its options must be the same; everything is checked before anything is changed.</summary>
    /// <param name="folder">A folder that <see cref="SaveState"/> wrote.</param>
    /// <exception cref="AdaLoRAException">The folder holds no complete state, or one of another plan: the first target or value that differs is named.</exception>
    public void LoadState(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        RequireAttached();
        FollowArena();
        TrainingStateFolder.Read(this, folder);
    }

    internal void PrepareTrainableMoments(Func<string, bool> has) => _trainable.PrepareMoments(has);

    /// <summary>After the tensors were read: the step, the folded factors, and a tail that starts from them.</summary>
    internal void Restored(int step)
    {
        StepsCompleted = step;
        _set.Arena.Refold();
        _set.Arena.G!.zero_();
        _set.RanksChanged();
        _tail.Dispose();
        _tail = CreateTail();
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
        return new StepPlan
        {
            Rule = new UpdateRule(_options.Kind, _options.Beta1, _options.Beta2, _options.Epsilon, _options.WeightDecay),
            LearningRate = LearningRate,
            TrainableLearningRate = TrainableLearningRate,
            MaxGradNorm = _options.MaxGradNorm,
            Fidelity = options.Fidelity,
            OrthogonalWeight = Schedule is null ? 0 : options.OrthogonalWeight,
            // The reference freezes the averages one step before its decisive ranking; Algorithm 1 updates them for it.
            UpdateImportance = Schedule is { } s && (options.Fidelity == Fidelity.Paper ? t <= s.DecisiveStep : t < s.DecisiveStep),
            ImportanceBeta1 = options.Beta1,
            ImportanceBeta2 = options.Beta2,
            AllocateTo = Schedule?.IsAllocationStep(t) == true ? Schedule.BudgetAt(t) : null,
            IsDecisive = Schedule?.DecisiveStep == t,
            HoldPattern = Schedule?.IsFinalPhase(t) == true,
        };
    }

    private void RequireAttached()
    {
        if (!_set.IsAttached) throw new AdaLoRAException($"The adapters of {_set.ModelName} were detached; attach them and create the optimizer anew.");
    }

    private void RequireCalls()
    {
        if (_set.Adapters.Any(a => a.Calls > 0)) return;
        throw new AdaLoRAException($"No adapted layer of {_set.ModelName} ran through its adapter before the first step; call layers with .call(x), since .forward(x) goes round the adapter.");
    }

    private void FollowArena()
    {
        _state.FollowArena();
        if (_tail is SimdTail && !SimdTail.Supports(_set.Arena)) _tail = CreateTail();
    }

    private IArenaTail CreateTail() => SimdTail.Supports(_set.Arena) && !_forceAten
        ? new SimdTail(_set.Arena, _state, _trainable)
        : new AtenTail(_set.Arena, _state, _trainable);
}
