using static AdaLoRA.Gen.Hosting.OptionsTable;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What people read about an option.</summary>
/// <param name="Range">What its value must be, in the words of every sentence that refuses one; empty where the type says it all.</param>
/// <param name="Help">What it is, in one line of <c>--help</c>.</param>
internal sealed record OptionText(string Range, string Help);

/// <summary>
/// The words about every option: refusals and <c>--help</c> take them from here. A test has them complete, and sees each range in the sentence of a value that is outside it. What each option means in full is on its property.
/// </summary>
internal static class OptionTexts
{
    private const string Whole = "at least 1";
    private const string NotNegative = "at least 0";
    private const string Positive = "positive";
    private const string Between = "between 0 and 1, both excluded";
    private const string Duration = "a fraction of the run below 1, or whole steps from 1 on";
    private const string Patterns = "patterns such as \"*.query\", \"layer.{0..5}.*\"";

    private static readonly Dictionary<string, OptionText> Texts = new(StringComparer.Ordinal)
    {
        ["Steps"] = new("at least 1, or 0 to let Epochs decide", "Optimizer steps of the run."),
        ["Epochs"] = new(Positive, "Passes over the data, where Steps is 0."),
        ["BatchSize"] = new(Whole, "Examples of a micro-batch."),
        ["GradientAccumulation"] = new(Whole, "Micro-batches of a step."),
        ["LearningRate"] = new(NotNegative, "Peak learning rate of the adapters."),
        ["TrainableLearningRate"] = new(NotNegative, "That of the fully trained modules (empty: LearningRate)."),
        ["LoraPlusRatio"] = new(Positive, "Learning rate of B ÷ LearningRate (LoRA+)."),
        ["WeightDecay"] = new(NotNegative, "Weight decay of the adapters."),
        ["DecayLambda"] = new("", "Whether WeightDecay shrinks Λ, too."),
        ["TrainableWeightDecay"] = new(NotNegative, "That of the fully trained modules (empty: WeightDecay)."),
        ["Optimizer"] = new("", "Update rule."),
        ["MaxGradNorm"] = new(NotNegative, "Largest gradient norm; 0 clips nothing."),
        ["Schedule"] = new("", "Shape of the learning rate."),
        ["Warmup"] = new(Duration, "Rise of the learning rate from 0."),
        ["ScheduleCycles"] = new(Positive, "Waves of the cosine schedules (empty: half a wave, or one with restarts)."),
        ["SchedulePower"] = new(Positive, "Exponent of Polynomial."),
        ["ScheduleEnd"] = new("at least 0 and below LearningRate", "Learning rate at which Polynomial ends."),
        ["EvaluateEvery"] = new("at least 1 step, or 0 for the end only", "Steps between two evaluations."),
        ["EvaluateAtStart"] = new("", "Also evaluates before the first step."),
        ["Patience"] = new("at least 1 evaluation, or 0 to take all steps", "Evaluations without a better one that end the run."),
        ["MinDelta"] = new(NotNegative, "By how much an evaluation must be better for Patience."),
        ["StopAtValue"] = new("", "Metric at which the run ends (empty: none)."),
        ["BestWithinBudget"] = new("", "Evaluations count from the step on at which the budget is reached."),
        ["KeepBest"] = new("", "Keeps the adapter of the best evaluation in OutputFolder/best."),
        ["CheckpointEvery"] = new("at least 1 step, or 0 for none but after an interruption", "Steps between two checkpoints."),
        ["KeepCheckpoints"] = new(Whole, "Newest checkpoints that stay."),
        ["OutputFolder"] = new("the path of a folder", "Where adapter, checkpoints and metrics go."),
        ["Resume"] = new("", "Goes on from a checkpoint in OutputFolder (empty: with an interrupted run)."),
        ["DryRun"] = new("", "Tries two batches, tells what the run will take, writes nothing."),
        ["Seed"] = new("", "Seed of everything that is drawn."),
        ["Threads"] = new($"from 1 to {CheckpointState.MostThreads}, or 0 to let the trainer choose", "Intra-op threads of the CPU."),
        ["Device"] = new(DeviceChoice.Names, "Where the model is trained."),
        ["Precision"] = new("", "What the products of a step are computed in."),
        ["Prefetch"] = new($"from 1 to {TrainingOptionsRules.MostPrefetched} batches, or 0 to make each when its step begins", "Batches made ahead on another thread."),
        ["LogEvery"] = new("at least 1 step", "Steps between two readings of the loss."),
        ["RunLog"] = new("", "Writes the run's events to OutputFolder/runs."),
        ["Progress"] = new("", "How the run shows on the console."),
        [Below("Method")] = new("", "AdaLoRA, or LoRA with ranks that stay."),
        [Below("Budget")] = new(Whole, "Triplets (or parameters) that all targets share at the end."),
        [Below("Targets")] = new(Patterns, "Layers that get an adapter."),
        [Below("InitialRank")] = new("at least 1, or 0 to let the budget decide", "Triplets of every target at the start."),
        [Below("Trainable")] = new(Patterns, "Modules that are trained fully."),
        [Below("Alpha")] = new("positive, or 0 for the default", "Scale of the adapters."),
        [Below("InitialWarmup")] = new(Duration, "Steps before the first triplet may go."),
        [Below("FinalWarmup")] = new(Duration, "Steps after the last triplet has gone."),
        [Below("Interval")] = new("at least 1 step", "Steps between two allocations of the budget."),
        [Below("Beta1")] = new(Between, "Average of the sensitivity."),
        [Below("Beta2")] = new(Between, "Average of its uncertainty."),
        [Below("OrthogonalWeight")] = new(NotNegative, "Weight γ of the orthogonality term."),
        [Below("Dropout")] = new("at least 0 and below 1", "Dropout before the adapters."),
        [Below("CheckpointRoot")] = new("a module's path, such as \"encoder\", or empty", "Module that saved keys are relative to."),
        [Below("Fidelity")] = new("", "Which published form of the step is followed."),
        [Below("Score")] = new("", "What triplets are ranked by."),
        [Below("BudgetUnit")] = new("", "What Budget counts."),
        [Below("RankLimits")] = new("patterns with ranges, such as \"*.query: 1..4\", \"*.value: 2..\" or \"head: ..3\"", "Smallest and largest ranks of targets."),
        [Below("Bias")] = new("", "Which biases are trained."),
        [Below("Compact")] = new("", "Frees removed triplets before the end."),
        [Below("Seed")] = new("", "Seed of the adapters' first values (0: the run's)."),
    };

    /// <summary>Options that the table knows, for its test.</summary>
    public static IReadOnlyCollection<string> Paths => Texts.Keys;

    /// <summary>The words about one option.</summary>
    /// <param name="path">As <see cref="OptionsTable.Canonical"/> spells it.</param>
    public static OptionText Of(string path) => Texts[path];

    private static string Below(string name) => $"{AdapterSection}:{name}";
}
