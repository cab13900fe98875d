using AdaLoRA.Gen.Hosting;
using TorchSharp;

namespace AdaLoRA.Gen.Conformance.Training;

/// <summary>One kind of run of the tiny problem. A new kind is one more line of <see cref="All"/>.</summary>
/// <param name="Name">As on the command line.</param>
internal sealed record RunCase(string Name)
{
    /// <summary>The run that <c>kill</c> kills: dropout, accumulation, evaluations that keep the best adapter, a checkpoint every other step.</summary>
    public static RunCase Killed { get; } = new("kill") { Steps = 300, Dropout = 0.1, Accumulation = 2, CheckpointEvery = 2, EvaluateEvery = 50 };

    /// <summary>The cases of <c>resume</c>.</summary>
    public static IReadOnlyList<RunCase> All { get; } =
    [
        new("simd"),
        new("aten") { DType = torch.ScalarType.Float64 },
        new("accumulation") { Accumulation = 3 },
        new("dropout") { Dropout = 0.2, Accumulation = 2 },
        new("sgd-clip") { Optimizer = OptimizerKind.Sgd, MaxGradNorm = 0.05 },
        new("paper") { Fidelity = Fidelity.Paper },
        new("lora") { Method = AdapterMethod.LoRA, Dropout = 0.1 },
        new("lora-plus") { Method = AdapterMethod.LoRA, LoraPlusRatio = 16 },
        new("keep-lambda") { WeightDecay = 0.1, DecayLambda = false },
        new("compact-later") { Compaction = Compaction.AfterCut, Dropout = 0.1 },
        new("compact-later-aten") { Compaction = Compaction.AfterCut, DType = torch.ScalarType.Float64 },
        new("compact-before") { Compaction = Compaction.BeforeCut, Dropout = 0.1, Cut = 32 },
        new("compact-before-aten") { Compaction = Compaction.BeforeCut, DType = torch.ScalarType.Float64, Cut = 32 },
        // One skipped step before the cut, one as the first after it, two later on.
        new("nan") { Bad = [7, 21, 30, 31], Dropout = 0.1 },
        new("nan-aten") { Bad = [7, 21, 30, 31], DType = torch.ScalarType.Float64 },
        new("nan-compact") { Bad = [7, 34, 40], Compaction = Compaction.BeforeCut, Cut = 32 },
        // The cut falls between two readings of the loss, a skipped step between the last one and the cut.
        new("log-every") { LogEvery = 7, Cut = 17, Accumulation = 2, Bad = [31], Dropout = 0.1 },
    ];

    /// <summary>T.</summary>
    public int Steps { get; init; } = 40;

    /// <summary>float32 runs on the SIMD tail, float64 on the ATen tail.</summary>
    public torch.ScalarType DType { get; init; } = torch.ScalarType.Float32;

    /// <summary>Dropout of the base and of the adapters.</summary>
    public double Dropout { get; init; }

    public int Accumulation { get; init; } = 1;

    public AdapterMethod Method { get; init; }

    public Fidelity Fidelity { get; init; }

    public OptimizerKind Optimizer { get; init; }

    public double MaxGradNorm { get; init; } = 1;

    public double WeightDecay { get; init; }

    public bool DecayLambda { get; init; } = true;

    public double LoraPlusRatio { get; init; } = 1;

    /// <summary>Whether the arena is shrunk when the final phase begins, at step 28 of 40, and on which side of <see cref="Cut"/> that must be.</summary>
    public Compaction Compaction { get; init; }

    /// <summary>Micro-batches, counted over the epochs from 0, whose loss is not a number.</summary>
    public IReadOnlyList<int> Bad { get; init; } = [];

    /// <summary>Step at which <c>resume</c> cuts the run. Default: half of it.</summary>
    public int Cut { get => field > 0 ? field : Steps / 2; init; }

    /// <summary>0: half of the run.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>Steps between two evaluations, so that some are on either side of the cut.</summary>
    public int EvaluateEvery { get; init; } = 10;

    /// <summary>Steps between two readings of the loss.</summary>
    public int LogEvery { get; init; } = 1;

    /// <summary>Steps after the cut at which the loss is read.</summary>
    public IEnumerable<int> ReadingsAfterCut => Enumerable.Range(Cut + 1, Steps - Cut).Where(step => step % LogEvery == 0 || step == Steps);

    /// <exception cref="AdaLoRAException">There is no such case.</exception>
    public static RunCase Find(string name) => All.Append(Killed).FirstOrDefault(c => c.Name == name)
        ?? throw new AdaLoRAException($"There is no case '{name}'; the cases are {string.Join(", ", All.Append(Killed).Select(c => c.Name))}.");

    /// <summary>Trains in this process: from the newest checkpoint of the folder, or from the start when there is none.</summary>
    /// <param name="folder">The run's output folder.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="observer">Hears what happens.</param>
    /// <param name="cancellation">Stops the run after a checkpoint.</param>
    public TrainingResult Train(string folder, int seed, ITrainingObserver? observer = null, CancellationToken cancellation = default)
    {
        using var model = new TinyModel(Dropout, DType);
        return new Trainer<TinyModel>(model, new TinyTask(DType) { Bad = Bad }, Options(folder, seed), observer is null ? [] : [observer]).RunAsync(cancellation).GetAwaiter().GetResult();
    }

    // The generated contract is implemented explicitly, so it is reached through a type parameter.
    private static AdaLoRAOptions Defaults<TModel>()
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel> => TModel.Plan.CreateOptions();

    private TrainingOptions Options(string folder, int seed)
    {
        var adapter = Defaults<TinyModel>();
        (adapter.Method, adapter.Fidelity, adapter.Dropout, adapter.Compact) = (Method, Fidelity, Dropout, Compaction != Compaction.None);
        return new TrainingOptions
        {
            Adapter = adapter,
            Steps = Steps,
            BatchSize = 10,
            GradientAccumulation = Accumulation,
            LearningRate = 0.02,
            Optimizer = Optimizer,
            MaxGradNorm = MaxGradNorm,
            WeightDecay = WeightDecay,
            DecayLambda = DecayLambda,
            LoraPlusRatio = LoraPlusRatio,
            Schedule = ScheduleKind.Cosine,
            Warmup = 3,
            CheckpointEvery = CheckpointEvery > 0 ? CheckpointEvery : Steps / 2,
            EvaluateEvery = EvaluateEvery,
            KeepBest = true,
            OutputFolder = folder,
            Resume = true,
            Seed = seed,
            Threads = 1,
            LogEvery = LogEvery,
            Progress = ProgressMode.Off,
        };
    }
}
