namespace AdaLoRA.Gen.Tool.Runs;

/// <summary>What <c>runs --json</c> writes.</summary>
/// <param name="Schema">adalora.runs/1.</param>
/// <param name="Path">What was looked at.</param>
/// <param name="Runs">Newest first.</param>
/// <param name="Skipped">A sentence for each file that is no log of a run.</param>
internal sealed record RunsReport(string Schema, string Path, IReadOnlyList<RunLine> Runs, IReadOnlyList<string> Skipped);

/// <summary>One run.</summary>
/// <param name="Run">Its identity.</param>
/// <param name="Name">Name under which it was registered.</param>
/// <param name="Model">The annotated model.</param>
/// <param name="State">Training, Finished, Interrupted (a run whose process died, too) or Failed.</param>
/// <param name="Reason">Why it failed; null when it did not.</param>
/// <param name="Started">When its first process started it.</param>
/// <param name="Last">When its last event was told.</param>
/// <param name="Step">Steps done.</param>
/// <param name="TotalSteps">T.</param>
/// <param name="Loss">The last reading.</param>
/// <param name="Metric">Name of the number that decides; null before the first evaluation.</param>
/// <param name="Value">Its best value after step 0, or the last one when there is none.</param>
/// <param name="Triplets">Living triplets at the last ranking.</param>
/// <param name="InitialTriplets">Triplets at the start.</param>
/// <param name="OutputFolder">As it was when the run started.</param>
/// <param name="Log">The file.</param>
internal sealed record RunLine(
    string Run, string Name, string Model, string State, string? Reason, DateTimeOffset Started, DateTimeOffset Last, int Step, int TotalSteps, double? Loss, string? Metric, double? Value, int Triplets, int InitialTriplets,
    string OutputFolder, string Log);

/// <summary>What <c>dashboard --json</c> writes once the page can be opened.</summary>
/// <param name="Schema">adalora.dashboard/1.</param>
/// <param name="Address">The page.</param>
/// <param name="Folder">Whose runs it shows.</param>
internal sealed record DashboardReport(string Schema, string Address, string Folder);
