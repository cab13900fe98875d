namespace AdaLoRA.Gen.Hosting;

/// <summary>The options that a result depends on, kept in every checkpoint so that a run cannot go on as another one unnoticed.</summary>
internal static class OptionsRecord
{
    // These change what a run shows, keeps or where it computes, not what it learns.
    private static readonly HashSet<string> Immaterial =
    [
        nameof(TrainingOptions.EvaluateEvery), nameof(TrainingOptions.EvaluateAtStart), nameof(TrainingOptions.KeepBest), nameof(TrainingOptions.Patience), nameof(TrainingOptions.MinDelta), nameof(TrainingOptions.StopAtValue), nameof(TrainingOptions.BestWithinBudget),
         nameof(TrainingOptions.CheckpointEvery), nameof(TrainingOptions.KeepCheckpoints),
        nameof(TrainingOptions.OutputFolder), nameof(TrainingOptions.Resume), nameof(TrainingOptions.DryRun), nameof(TrainingOptions.Threads), nameof(TrainingOptions.Device), nameof(TrainingOptions.LogEvery),
        nameof(TrainingOptions.Progress), nameof(TrainingOptions.Prefetch), nameof(TrainingOptions.RunLog),
        // Both show in the number of steps, which is compared.
        nameof(TrainingOptions.Steps), nameof(TrainingOptions.Epochs),
    ];

    public static Dictionary<string, string> Of(TrainingOptions options) =>
        OptionsTable.Paths.Where(p => !Immaterial.Contains(p)).ToDictionary(p => p, p => OptionsTable.Read(options, p));

    /// <exception cref="AdaLoRAException">The run differs from the checkpoint's; every difference is named.</exception>
    public static void RequireSame(string folder, CheckpointState found, CheckpointState expected)
    {
        var differences = found.Options.Keys.Union(expected.Options.Keys)
            .Select(name => (Name: name, Theirs: found.Options.GetValueOrDefault(name, "(none)"), Ours: expected.Options.GetValueOrDefault(name, "(none)")))
            .Append(("steps of the run", $"{found.TotalSteps}", $"{expected.TotalSteps}"))
            .Append(("batches of an epoch", $"{found.BatchesPerEpoch}", $"{expected.BatchesPerEpoch}"))
            .Append(("model", found.Model, expected.Model))
            .Where(d => d.Item2 != d.Item3)
            .Select(d => $"{d.Item1} was '{d.Item2}' and is '{d.Item3}'")
            .ToList();
        if (differences.Count == 0) return;
        throw new AdaLoRAException($"The checkpoint '{folder}' belongs to another run: {string.Join("; ", differences)}. Restore the values to go on with it, delete '{Path.GetDirectoryName(folder)}' to start again, or choose another OutputFolder.");
    }
}
