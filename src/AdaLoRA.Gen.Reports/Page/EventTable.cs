using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Reports.Facts;

namespace AdaLoRA.Gen.Reports.Page;

/// <summary>What happened beside the readings: starts, pauses, checkpoints, notices, the end.</summary>
internal static class EventTable
{
    private const int Most = 200;

    public static Html Write(RunFacts run)
    {
        var told = run.Events.Select(e => (Event: e, Text: Text(e))).Where(e => e.Text is not null).ToList();
        int left = Math.Max(0, told.Count - Most);
        var rows = told.Skip(left).Select(e => Html.Of($"<tr><th scope=\"row\"><time datetime=\"{e.Event.Time.UtcDateTime.ToString("O")}\">{Say.Time(e.Event.Time)}</time></th><td>{Say.Whole(e.Event.Step)}</td><td>{e.Text}</td></tr>\n"));
        return ReportPage.Section("events", "Events",
        [
            left == 0 ? Html.Empty : Html.Of($"<p>{Say.Count(left, "earlier event is", "earlier events are")} in the run's log.</p>\n"),
            Html.Of($"""
            <div class="scroll" tabindex="0" role="group" aria-label="Events, may be scrolled">
            <table class="happened">
            <thead><tr><th scope="col">when</th><th scope="col">step</th><th scope="col">what</th></tr></thead>
            <tbody>
            {rows}</tbody>
            </table>
            </div>

            """),
        ]);
    }

    private static string? Text(TrainingEvent e) => e switch
    {
        RunStarted { ResumedFrom: { } from } => $"resumed from {from}",
        RunStarted s => $"started on {s.Device}",
        CheckpointRead { Interrupted: true } c => $"checkpoint to go on from: {c.Folder}",
        CheckpointRead c => $"checkpoint {c.Folder}",
        RunNotice n => n.Text,
        RunPaused => "paused",
        RunContinued => "went on",
        RunEnded { State: RunState.Failed } f => $"failed: {f.Reason}",
        RunEnded { State: RunState.Interrupted } => "interrupted",
        RunEnded => "finished",
        _ => null,
    };
}
