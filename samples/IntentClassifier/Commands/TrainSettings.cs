using AdaLoRA.Gen;
using AdaLoRA.Gen.Hosting;

namespace IntentSample.Commands;

/// <summary>The command line of <c>train</c>; what is null stays as attribute and appsettings.json have it.</summary>
internal sealed record TrainSettings
{
    public required string Data { get; init; }

    public required AdapterMethod Method { get; init; }

    public int? Steps { get; init; }

    public int? Rank { get; init; }

    public int? Budget { get; init; }

    public int? InitialRank { get; init; }

    public double? Alpha { get; init; }

    public IReadOnlyList<string> Targets { get; init; } = [];

    public int? Seed { get; init; }

    public double? LearningRate { get; init; }

    public double? HeadLearningRate { get; init; }

    public int? BatchSize { get; init; }

    public int? Threads { get; init; }

    public string? Device { get; init; }

    public bool Resume { get; init; }

    public string? Output { get; init; }

    public bool Json { get; init; }

    /// <summary>Overrides the options.</summary>
    /// <param name="options">Attribute and configuration so far.</param>
    /// <param name="model">Says how many layers the targets are.</param>
    public void Apply(TrainingOptions options, IntentClassifier model)
    {
        options.Steps = Steps ?? options.Steps;
        options.Seed = Seed ?? options.Seed;
        options.LearningRate = LearningRate ?? options.LearningRate;
        options.TrainableLearningRate = HeadLearningRate ?? options.TrainableLearningRate;
        options.BatchSize = BatchSize ?? options.BatchSize;
        options.Threads = Threads ?? options.Threads;
        options.Device = Device ?? options.Device;
        options.OutputFolder = Output ?? options.OutputFolder;
        if (Resume) options.Resume = true;
        if (Json) options.Progress = ProgressMode.Plain;

        var adapter = options.Adapter;
        adapter.Method = Method;
        if (Targets.Count > 0) adapter.Targets = [.. Targets];
        int targets = AdapterSet.FindTargets(model, adapter.Targets).Count;
        if (Method == AdapterMethod.LoRA)
        {
            // The baseline has one rank everywhere: the mean final rank of AdaLoRA's budget.
            adapter.InitialRank = Rank ?? Math.Max(1, (Budget ?? adapter.Budget) / targets);
            adapter.Alpha = Alpha ?? 0;
            return;
        }
        adapter.Budget = Budget ?? Rank * targets ?? adapter.Budget;
        adapter.InitialRank = InitialRank ?? adapter.InitialRank;
        adapter.Alpha = Alpha ?? adapter.Alpha;
    }
}
