using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Reports.Facts;

namespace AdaLoRA.Gen.Reports.Page;

/// <summary>How a run ended, in words.</summary>
internal static class Outcome
{
    public static string Word(RunFacts run) => run.Ended?.State switch
    {
        RunState.Finished => "Finished",
        RunState.Interrupted => "Interrupted",
        RunState.Failed => "Failed",
        _ => "Not ended",
    };

    /// <summary>Class of the badge.</summary>
    public static string Class(RunFacts run) => run.Ended?.State switch
    {
        RunState.Finished => "good",
        RunState.Failed => "bad",
        _ => "open",
    };

    public static string Sentence(RunFacts run)
    {
        string where = $"step {Say.Whole(run.Steps)} of {Say.Whole(run.Started.TotalSteps)}";
        return run.Ended switch
        {
            { State: RunState.Finished } => $"after {Say.Count(run.Steps, "step", "steps")}.",
            { State: RunState.Interrupted } => $"at {where}; with Resume it goes on from there.",
            { State: RunState.Failed, Reason: { Length: > 0 } reason } => $"at {where}: {reason}",
            { State: RunState.Failed } => $"at {where}.",
            _ => $"The log stops at {where}: the run goes on, or its process was killed.",
        };
    }
}
