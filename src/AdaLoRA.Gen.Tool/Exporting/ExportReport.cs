namespace AdaLoRA.Gen.Tool.Exporting;

/// <summary>What <c>export --json</c> writes for <c>lora</c> and <c>gguf</c>; <c>merged</c> writes what <c>merge</c> does.</summary>
/// <param name="Schema">adalora.export/1.</param>
/// <param name="Adapter">The adapter folder.</param>
/// <param name="To">lora or gguf.</param>
/// <param name="Output">What was written.</param>
/// <param name="Targets">Targets that were written.</param>
/// <param name="LeftOut">Targets of rank 0, which change nothing.</param>
/// <param name="Rank">Triplets that were written.</param>
/// <param name="Bytes">Of the files.</param>
/// <param name="Note">What the user should know; null for nothing.</param>
internal sealed record ExportReport(string Schema, string Adapter, string To, string Output, int Targets, IReadOnlyList<string> LeftOut, long Rank, long Bytes, string? Note);
