using System.Globalization;
using AdaLoRA.Gen.Budget;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The rules on <see cref="TrainingOptions"/> that need neither model nor data.</summary>
internal static class TrainingOptionsRules
{
    public const int MostPrefetched = 1024;

    private const string Adapter = OptionsTable.AdapterSection + ":";

    public static IReadOnlyList<string> Check(TrainingOptions o)
    {
        var broken = new List<string>();
        void Rule(bool holds, FormattableString sentence)
        {
            if (!holds) broken.Add(sentence.ToString(CultureInfo.InvariantCulture));
        }

        // One option beyond its range, in the words of the table.
        void Range(bool holds, string path)
        {
            if (!holds) broken.Add($"{path} is {Shown(o, path)}; it must be {OptionsTable.Expected(path, withKind: false)}.");
        }

        Range(o.Steps >= 0, nameof(o.Steps));
        // 0 is what people write beside Steps.
        Range(double.IsFinite(o.Epochs) && o.Epochs >= 0, nameof(o.Epochs));
        Rule(o.Steps != 0 || o.Epochs != 0, $"Epochs is {o.Epochs} and Steps is 0; one of them must be positive.");
        Range(o.BatchSize >= 1, nameof(o.BatchSize));
        Range(o.GradientAccumulation >= 1, nameof(o.GradientAccumulation));
        Range(Enum.IsDefined(o.Optimizer), nameof(o.Optimizer));
        Range(Enum.IsDefined(o.Schedule), nameof(o.Schedule));
        Range(Enum.IsDefined(o.Progress), nameof(o.Progress));
        Range(IsDuration(o.Warmup), nameof(o.Warmup));
        Rule(o.Steps <= 0 || o.Warmup < 1 || o.Warmup < o.Steps, $"Warmup is {o.Warmup} steps of a run of {o.Steps}; it must be shorter than the run.");
        Range(o.ScheduleCycles is null || (double.IsFinite(o.ScheduleCycles.Value) && o.ScheduleCycles > 0), nameof(o.ScheduleCycles));
        Range(double.IsFinite(o.SchedulePower) && o.SchedulePower > 0, nameof(o.SchedulePower));
        Range(double.IsFinite(o.ScheduleEnd) && o.ScheduleEnd >= 0, nameof(o.ScheduleEnd));
        Rule(o.Schedule != ScheduleKind.Polynomial || !(o.ScheduleEnd >= o.LearningRate), $"ScheduleEnd is {o.ScheduleEnd}; it must be at least 0 and below LearningRate, which is {o.LearningRate}.");
        Range(o.EvaluateEvery >= 0, nameof(o.EvaluateEvery));
        Range(o.Patience >= 0, nameof(o.Patience));
        Range(double.IsFinite(o.MinDelta) && o.MinDelta >= 0, nameof(o.MinDelta));
        Rule(o.StopAtValue is null || double.IsFinite(o.StopAtValue.Value), $"StopAtValue is {o.StopAtValue}; it must be a number.");
        Rule(o.Patience <= 0 || o.EvaluateEvery != 0, $"Patience is {o.Patience} and EvaluateEvery is 0, so that there is one evaluation, at the end; set EvaluateEvery.");
        Rule(o.StopAtValue is null || o.EvaluateEvery != 0, $"StopAtValue is {o.StopAtValue} and EvaluateEvery is 0, so that there is one evaluation, at the end; set EvaluateEvery.");
        Range(o.CheckpointEvery >= 0, nameof(o.CheckpointEvery));
        Range(o.KeepCheckpoints >= 1, nameof(o.KeepCheckpoints));
        Range(o.LogEvery >= 1, nameof(o.LogEvery));
        Range(o.Threads is >= 0 and <= CheckpointState.MostThreads, nameof(o.Threads));
        Range(IsFolder(o.OutputFolder), nameof(o.OutputFolder));
        Range(DeviceChoice.IsName(o.Device), nameof(o.Device));
        Range(Enum.IsDefined(o.Precision), nameof(o.Precision));
        Range(o.Prefetch is >= 0 and <= MostPrefetched, nameof(o.Prefetch));
        broken.AddRange(OptimizerValues(o).Validate());
        if (o.Adapter is null)
        {
            broken.Add("Adapter is null; leave it as it was made, or assign an AdaLoRAOptions.");
            return broken;
        }
        var adapter = o.Adapter.Validate();
        broken.AddRange(adapter.Select(sentence => Adapter + sentence));
        Range(IsModulePath(o.Adapter.CheckpointRoot), Adapter + nameof(o.Adapter.CheckpointRoot));
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
        catch (AdaLoRAException)
        {
            broken.Add(string.Create(CultureInfo.InvariantCulture,
                $"{Adapter}InitialWarmup {o.Adapter.InitialWarmup} and {Adapter}FinalWarmup {o.Adapter.FinalWarmup} leave no budgeting phase in a run of Steps {o.Steps}; together they must be shorter than the run."));
        }
    }

    private static string Shown(TrainingOptions o, string path)
    {
        string value = OptionsTable.Read(o, path);
        return OptionsTable.IsText(path) ? $"'{value}'" : value;
    }

    private static bool IsFolder(string? path) => !string.IsNullOrWhiteSpace(path) && path.AsSpan().IndexOfAny(Path.GetInvalidPathChars()) < 0;

    private static bool IsModulePath(string? path) => path is not null && (path.Length == 0 || path.Split('.').All(s => s.Length > 0 && s.All(c => char.IsLetterOrDigit(c) || c == '_')));

    private static bool IsDuration(double value) => value >= 0 && (value < 1 || (value == Math.Floor(value) && value <= int.MaxValue));
}
