namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Everything a run needs to know. The values come from the initialisers below and the model's attribute, then from the configuration section <c>AdaLoRA:&lt;ModelName&gt;</c>, then from
/// delegates; all of them are checked together when the host starts.
/// </summary>
public sealed class TrainingOptions
{
    /// <summary>The adapters' values: the attribute's, overridden by the sub-section <c>Adapter</c>.</summary>
    /// <value>Starts as what the attribute states. A <c>Seed</c> of 0 there means <see cref="Seed"/>.</value>
    public AdaLoRAOptions Adapter { get; set; } = new();

    /// <summary>T: optimizer steps of the run. A step whose gradients are not finite changes nothing and is not counted; ten of those in a row end the run.</summary>
    /// <value>At least 1, or 0 (default): <see cref="Epochs"/> decides.</value>
    public int Steps { get; set; }

    /// <summary>Passes over the data, used when <see cref="Steps"/> is 0; rounded up to whole steps.</summary>
    /// <value>Positive. Default 3.</value>
    public double Epochs { get; set; } = 3;

    /// <summary>Examples of one micro-batch; what the task builds in <c>GetBatch</c>.</summary>
    /// <value>At least 1. Default 32.</value>
    public int BatchSize { get; set; } = 32;

    /// <summary>Micro-batches of one optimizer step; the loss is their mean.</summary>
    /// <value>At least 1. Default 1.</value>
    public int GradientAccumulation { get; set; } = 1;

    /// <summary>Peak learning rate of the adapters.</summary>
    /// <value>At least 0. Default 1e-3.</value>
    public double LearningRate { get; set; } = 1e-3;

    /// <summary>Peak learning rate of the fully trained modules (a head, say).</summary>
    /// <value>At least 0. Null (default): <see cref="LearningRate"/>.</value>
    public double? TrainableLearningRate { get; set; }

    /// <summary>Learning rate of B ÷ <see cref="LearningRate"/> (LoRA+, arXiv 2402.12354, which recommends 16 for plain LoRA).</summary>
    /// <value>Positive. Default 1.</value>
    public double LoraPlusRatio { get; set; } = 1;

    /// <summary>Weight decay, decoupled for AdamW.</summary>
    /// <value>At least 0. Default 0.</value>
    public double WeightDecay { get; set; }

    /// <summary>Whether <see cref="WeightDecay"/> also shrinks Λ, as in both published codes.</summary>
    /// <value>Default true.</value>
    public bool DecayLambda { get; set; } = true;

    /// <summary>Weight decay of the fully trained modules.</summary>
    /// <value>At least 0. Null (default): <see cref="WeightDecay"/>.</value>
    public double? TrainableWeightDecay { get; set; }

    /// <summary>The update rule.</summary>
    /// <value>Default <see cref="OptimizerKind.AdamW"/>.</value>
    public OptimizerKind Optimizer { get; set; }

    /// <summary>Largest gradient norm over adapters and trained modules together; larger ones are scaled down.</summary>
    /// <value>At least 0; 0 clips nothing. Default 1.</value>
    public double MaxGradNorm { get; set; } = 1;

    /// <summary>Shape of the learning rate over the run.</summary>
    /// <value>Default <see cref="ScheduleKind.Linear"/>.</value>
    public ScheduleKind Schedule { get; set; } = ScheduleKind.Linear;

    /// <summary>Steps over which the learning rate rises from 0.</summary>
    /// <value>Below 1 a fraction of the run, from 1 on whole steps. Default 0.</value>
    public double Warmup { get; set; }

    /// <summary>Waves of the cosine schedules.</summary>
    /// <value>Positive. Null (default): half a wave for <see cref="ScheduleKind.Cosine"/>, one for <see cref="ScheduleKind.CosineWithRestarts"/>.</value>
    public double? ScheduleCycles { get; set; }

    /// <summary>Exponent of <see cref="ScheduleKind.Polynomial"/>.</summary>
    /// <value>Positive. Default 1.</value>
    public double SchedulePower { get; set; } = 1;

    /// <summary>Learning rate at which <see cref="ScheduleKind.Polynomial"/> ends.</summary>
    /// <value>At least 0 and below <see cref="LearningRate"/>. Default 1e-7.</value>
    public double ScheduleEnd { get; set; } = 1e-7;

    /// <summary>Steps between two evaluations; the end of the run is always evaluated.</summary>
    /// <value>At least 1, or 0 (default): at the end only.</value>
    public int EvaluateEvery { get; set; }

    /// <summary>Also evaluates before the first step, which shows what training adds.</summary>
    /// <value>Default false.</value>
    public bool EvaluateAtStart { get; set; }

    /// <summary>Ends the run when so many evaluations in a row were no better than the best before them. It is then finished, and <see cref="TrainingResult.StoppedEarly"/> says why; <see cref="KeepBest"/> keeps the adapter that was best.</summary>
    /// <value>At least 1 evaluation (needs <see cref="EvaluateEvery"/>), or 0 (default): all steps are taken.</value>
    public int Patience { get; set; }

    /// <summary>By how much an evaluation must be better to count as better for <see cref="Patience"/>.</summary>
    /// <value>At least 0, in the metric's unit. Default 0: any improvement counts.</value>
    public double MinDelta { get; set; }

    /// <summary>Ends the run at the first evaluation that is at least this good.</summary>
    /// <value>Any number, in the metric's unit (needs <see cref="EvaluateEvery"/>). Null (default): none.</value>
    public double? StopAtValue { get; set; }

    /// <summary>
    /// Whether an evaluation counts (as the best one, and for <see cref="Patience"/> and <see cref="StopAtValue"/>) only from the step on at which the budget is reached. Before it, more triplets live than the budget allows: such an
    /// adapter may well be better than what the run is to find, and larger. Plain LoRA has its budget from the first step on.
    /// </summary>
    /// <value>Default true. With false, a run that stops early may leave an adapter above its budget.</value>
    public bool BestWithinBudget { get; set; } = true;

    /// <summary>Saves the adapter to <c>best</c> in <see cref="OutputFolder"/> whenever an evaluation is better than all before it.</summary>
    /// <value>Default false.</value>
    public bool KeepBest { get; set; }

    /// <summary>Steps between two checkpoints. An interrupted run always writes one.</summary>
    /// <value>At least 1, or 0 (default): none but after an interruption; when such a run is then finished, one of its end takes the place of all others.</value>
    public int CheckpointEvery { get; set; }

    /// <summary>How many of the newest checkpoints are kept; with <see cref="KeepBest"/> also that of the best evaluation, if one was written at its step.</summary>
    /// <value>At least 1. Default 2: should the newest be damaged, there is one before it.</value>
    public int KeepCheckpoints { get; set; } = 2;

    /// <summary>Where <c>adapter</c>, <c>best</c>, <c>checkpoints</c> and <c>metrics.json</c> go; relative to the working directory.</summary>
    /// <value>Default "out".</value>
    public string OutputFolder { get; set; } = "out";

    /// <summary>Whether the run goes on from the newest complete checkpoint in <see cref="OutputFolder"/>, bit for bit as if it had never stopped. Without a checkpoint it starts afresh.</summary>
    /// <value>
    /// Null (default): goes on with a run that was interrupted or killed, and replaces one that came to its end. True: goes on with any, so that one that came to its end trains nothing. False: goes on with none, and refuses a folder
    /// that holds an interrupted run.
    /// </value>
    public bool? Resume { get; set; }

    /// <summary>
    /// Stops where the first step would be taken: reads model and data, tries a batch of training and one of the evaluation, says whether there is a run to go on with, and tells what the run will take. The exit code is 0, and nothing
    /// is written.
    /// </summary>
    /// <value>Default false. The two batches are tried before every run.</value>
    public bool DryRun { get; set; }

    /// <summary>Seed of everything that is drawn: data order, dropout, and the factors' first values.</summary>
    /// <value>Default 0.</value>
    public int Seed { get; set; }

    /// <summary>Intra-op threads of the CPU.</summary>
    /// <value>From 1 to 1024, or 0 (default): 1, 2, 4, … or all, whichever runs a discarded batch fastest (small shapes are quicker on few). A resumed run keeps what the checkpoint names.</value>
    public int Threads { get; set; }

    /// <summary>Where the model is trained.</summary>
    /// <value>"cpu" (default), "cuda", "cuda:1", or "auto": "cuda" where libtorch finds a device, else "cpu".</value>
    public string Device { get; set; } = "cpu";

    /// <summary>What the products of a training step are computed in. Weights, adapters, gradients and optimizer state keep their types, and evaluations are computed in those.</summary>
    /// <value>Default <see cref="TrainingPrecision.Fp32"/>; <see cref="TrainingPrecision.Bf16"/> needs a libtorch with the switches of autocast (Linux, macOS).</value>
    public TrainingPrecision Precision { get; set; }

    /// <summary>Batches that may lie ready, made on a background thread while the model trains. Worth it where making a batch takes time: reading, decoding, tokenising, copying to a device.</summary>
    /// <value>From 1 to 1024, or 0 (default): each batch is made when its step begins. Another number changes nothing in what is learnt.</value>
    public int Prefetch { get; set; }

    /// <summary>Steps between two readings of the loss. Each costs one synchronisation of the device.</summary>
    /// <value>At least 1. Default 10.</value>
    public int LogEvery { get; set; } = 10;

    /// <summary>Writes the run's events to <c>runs/RUN.jsonl</c> in <see cref="OutputFolder"/>, which the dashboard, the report and <c>adalora runs</c> read.</summary>
    /// <value>Default true.</value>
    public bool RunLog { get; set; } = true;

    /// <summary>How the run shows on the console.</summary>
    /// <value>Default <see cref="ProgressMode.Auto"/>.</value>
    public ProgressMode Progress { get; set; }

    /// <summary>Path of the configuration section that was read; null when none was.</summary>
    internal string? Section { get; set; }

    /// <summary>What was wrong on the command line, as sentences of their own.</summary>
    internal List<string> WrongArguments { get; } = [];

    /// <summary>What could not be read from configuration; reported with the broken rules.</summary>
    internal List<string> Unreadable { get; } = [];

    /// <summary>Every rule that these values break, the adapters' included; empty when none is.</summary>
    /// <returns>One sentence a broken rule, each naming the value and the remedy.</returns>
    public IReadOnlyList<string> Validate() => TrainingOptionsRules.Check(this);
}
