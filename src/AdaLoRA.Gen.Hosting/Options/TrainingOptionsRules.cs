using System.Globalization;
using AdaLoRA.Gen.Budget;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The rules on <see cref="TrainingOptions"/> that need neither model nor data.</summary>
internal static class TrainingOptionsRules
{
    private const int MostPrefetched = 1024;

    public static IReadOnlyList<string> Check(TrainingOptions o)
    {
        var broken = new List<string>();
        void Rule(bool holds, FormattableString sentence)
        {
            if (!holds) broken.Add(sentence.ToString(CultureInfo.InvariantCulture));
        }

        Rule(o.Steps >= 0, $"Steps is {o.Steps}; it must be at least 1, or 0 to let Epochs decide.");
        Rule(o.Steps != 0 || (double.IsFinite(o.Epochs) && o.Epochs > 0), $"Epochs is {o.Epochs} and Steps is 0; one of them must be positive.");
        Rule(o.BatchSize >= 1, $"BatchSize is {o.BatchSize}; it must be at least 1.");
        Rule(o.GradientAccumulation >= 1, $"GradientAccumulation is {o.GradientAccumulation}; it must be at least 1.");
        Rule(Enum.IsDefined(o.Optimizer), $"Optimizer is {o.Optimizer}; it must be AdamW or Sgd.");
        Rule(Enum.IsDefined(o.Schedule), $"Schedule is {o.Schedule}; it must be one of {string.Join(", ", Enum.GetNames<ScheduleKind>())}.");
        Rule(Enum.IsDefined(o.Progress), $"Progress is {o.Progress}; it must be Auto, Plain or Off.");
        Rule(IsDuration(o.Warmup), $"Warmup is {o.Warmup}; it must be a fraction of the run below 1, or whole steps from 1 on.");
        Rule(o.Steps <= 0 || o.Warmup < 1 || o.Warmup < o.Steps, $"Warmup is {o.Warmup} steps of a run of {o.Steps}; it must be shorter than the run.");
        Rule(o.ScheduleCycles is null || (double.IsFinite(o.ScheduleCycles.Value) && o.ScheduleCycles > 0), $"ScheduleCycles is {o.ScheduleCycles}; it must be positive.");
        Rule(double.IsFinite(o.SchedulePower) && o.SchedulePower > 0, $"SchedulePower is {o.SchedulePower}; it must be positive.");
        Rule(o.ScheduleEnd >= 0 && (o.Schedule != ScheduleKind.Polynomial || o.ScheduleEnd < o.LearningRate), $"ScheduleEnd is {o.ScheduleEnd}; it must be at least 0 and below LearningRate {o.LearningRate}.");
        Rule(o.EvaluateEvery >= 0, $"EvaluateEvery is {o.EvaluateEvery}; it must be at least 1 step, or 0 for the end only.");
        Rule(o.CheckpointEvery >= 0, $"CheckpointEvery is {o.CheckpointEvery}; it must be at least 1 step, or 0 for none.");
        Rule(o.KeepCheckpoints >= 1, $"KeepCheckpoints is {o.KeepCheckpoints}; it must be at least 1.");
        Rule(o.LogEvery >= 1, $"LogEvery is {o.LogEvery}; it must be at least 1 step.");
        Rule(o.Threads is >= 0 and <= CheckpointState.MostThreads, $"Threads is {o.Threads}; it must be from 1 to {CheckpointState.MostThreads}, or 0 to let the trainer choose.");
        Rule(!string.IsNullOrWhiteSpace(o.OutputFolder), $"OutputFolder is empty; name a folder for the adapter.");
        Rule(DeviceChoice.IsName(o.Device), $"Device is '{o.Device}'; it must be {DeviceChoice.Names}.");
        Rule(Enum.IsDefined(o.Precision), $"Precision is {o.Precision}; it must be Fp32 or Bf16.");
        Rule(o.Prefetch is >= 0 and <= MostPrefetched, $"Prefetch is {o.Prefetch}; it must be from 1 to {MostPrefetched} batches, or 0 to make each when its step begins.");
        broken.AddRange(OptimizerValues(o).Validate());
        if (o.Adapter is null)
        {
            broken.Add("Adapter is null; leave it as it was made, or assign an AdaLoRAOptions.");
            return broken;
        }
        var adapter = o.Adapter.Validate();
        broken.AddRange(adapter.Select(sentence => "Adapter: " + sentence));
        if (adapter.Count == 0 && o.Steps > 0 && o.Adapter.Method == AdapterMethod.AdaLoRA) CheckPhases(o, broken);
        return broken;
    }

    /// <summary>The part of the options that the optimizer takes.</summary>
    public static AdaLoRAOptimizerOptions OptimizerValues(TrainingOptions o)
    {
        var values = new AdaLoRAOptimizerOptions();
        Apply(o, values);
        if (!Enum.IsDefined(o.Optimizer)) values.Kind = default;
        return values;
    }

    /// <summary>Copies the part of the options that the optimizer takes.</summary>
    public static void Apply(TrainingOptions from, AdaLoRAOptimizerOptions to)
    {
        to.Kind = from.Optimizer;
        to.LearningRate = from.LearningRate;
        to.TrainableLearningRate = from.TrainableLearningRate;
        to.LoraPlusRatio = from.LoraPlusRatio;
        to.WeightDecay = from.WeightDecay;
        to.DecayLambda = from.DecayLambda;
        to.TrainableWeightDecay = from.TrainableWeightDecay;
        to.MaxGradNorm = from.MaxGradNorm;
    }

    // The schedule itself is the rule: what it refuses at attach is refused here before a model is loaded.
    private static void CheckPhases(TrainingOptions o, List<string> broken)
    {
        try
        {
            _ = new BudgetSchedule(o.Steps, int.MaxValue, o.Adapter.Budget, o.Adapter.InitialWarmup, o.Adapter.FinalWarmup, o.Adapter.Interval);
        }
        catch (AdaLoRAException e)
        {
            broken.Add("Adapter: " + e.Message);
        }
    }

    private static bool IsDuration(double value) => value >= 0 && (value < 1 || (value == Math.Floor(value) && value <= int.MaxValue));
}
