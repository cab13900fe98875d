using System.Globalization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Whether a run has learnt enough, as a pure function of its evaluations: a resumed run needs no state of its own for it.</summary>
/// <param name="options">Patience, MinDelta, StopAtValue.</param>
/// <param name="firstStep">Evaluations of earlier steps do not count.</param>
internal sealed class EarlyStopping(TrainingOptions options, int firstStep)
{
    /// <summary>The rules of a run.</summary>
    /// <param name="options">The run's options.</param>
    /// <param name="optimizer">Its schedule says when the budget is reached.</param>
    public static EarlyStopping Of(TrainingOptions options, AdaLoRAOptimizer optimizer) =>
        new(options, options.BestWithinBudget ? Math.Max(1, optimizer.Schedule?.DecisiveStep ?? 1) : 1);

    /// <summary>Whether an evaluation of this step can be best, and counts for <see cref="Reason"/>. Before training, and while more triplets live than the budget allows, it cannot.</summary>
    public bool Counts(int step) => step >= firstStep;

    /// <summary>Why the run stops after the last of these evaluations: the middle of a sentence. Null when it goes on.</summary>
    public string? Reason(IReadOnlyList<EvaluationAt> evaluations)
    {
        EvaluationAt? reference = null;
        int waited = 0;
        string? reached = null;
        foreach (var e in evaluations.Where(e => Counts(e.Step)))
        {
            bool improved = e.Evaluation.IsBetterThan(reference?.Evaluation) && (reference is null || Math.Abs(e.Evaluation.Value - reference.Evaluation.Value) > options.MinDelta);
            if (improved) (reference, waited) = (e, 0);
            else waited++;
            reached = Reaches(e.Evaluation) ? string.Create(CultureInfo.InvariantCulture, $"{e.Evaluation.Metric} {e.Evaluation.Value:0.####} has reached StopAtValue {options.StopAtValue}") : null;
        }
        if (reached is not null) return reached;
        if (options.Patience == 0 || waited < options.Patience) return null;
        return reference is null
            ? $"the last {waited} evaluations were not finite numbers"
            : string.Create(CultureInfo.InvariantCulture, $"{waited} evaluation{(waited == 1 ? "" : "s")} in a row {(waited == 1 ? "was" : "were")} no better than {reference.Evaluation.Metric} {reference.Evaluation.Value:0.####} of step {reference.Step}{(options.MinDelta > 0 ? $" by more than {options.MinDelta}" : "")}");
    }

    private bool Reaches(Evaluation e) => options.StopAtValue is { } goal && double.IsFinite(e.Value) && (e.HigherIsBetter ? e.Value >= goal : e.Value <= goal);
}
