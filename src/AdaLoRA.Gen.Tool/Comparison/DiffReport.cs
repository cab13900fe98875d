namespace AdaLoRA.Gen.Tool.Comparison;

/// <summary>What <c>diff --json</c> writes.</summary>
/// <param name="Schema">adalora.diff/1.</param>
/// <param name="A">The first adapter folder.</param>
/// <param name="B">The second adapter folder.</param>
/// <param name="Same">Whether nothing differs (by more than the tolerance).</param>
/// <param name="IdenticalBytes">Whether both folders' adapter files are the same bytes.</param>
/// <param name="RelativeChange">√Σ‖ΔW_A − ΔW_B‖² ÷ √Σ‖ΔW_A‖² over the targets of both; 0 when they are the same, null when A's ΔW is zero and B's is not.</param>
/// <param name="Config">Fields of adapter_config.json, and of state.json for checkpoints, that say something else.</param>
/// <param name="OnlyInA">Targets that A alone adapts.</param>
/// <param name="OnlyInB">Targets that B alone adapts.</param>
/// <param name="Targets">Targets of both, in the run time's order.</param>
/// <param name="Modules">Modules trained in full that differ, or that one of them lacks.</param>
internal sealed record DiffReport(
    string Schema, string A, string B, bool Same, bool IdenticalBytes, double? RelativeChange,
    IReadOnlyList<FieldDifference> Config, IReadOnlyList<string> OnlyInA, IReadOnlyList<string> OnlyInB, IReadOnlyList<TargetDifference> Targets, IReadOnlyList<ModuleDifference> Modules);

/// <summary>A field that says something else; null where it is missing or null.</summary>
internal sealed record FieldDifference(string Field, string? A, string? B);

/// <summary>One target of both.</summary>
/// <param name="Path">Module path.</param>
/// <param name="IdenticalBytes">Whether factors and scale are the same, bit for bit.</param>
/// <param name="RankA">Living triplets in A.</param>
/// <param name="RankB">Living triplets in B.</param>
/// <param name="NormA">‖ΔW‖_F in A; null where a value is NaN or infinite, or shapes differ.</param>
/// <param name="NormB">‖ΔW‖_F in B.</param>
/// <param name="Change">‖ΔW_A − ΔW_B‖_F.</param>
/// <param name="RelativeChange">That ÷ ‖ΔW_A‖_F; null where A's is zero and B's is not.</param>
/// <param name="Cosine">Cosine of the angle between the two; null where one is zero.</param>
/// <param name="Note">Why there are no figures; null when there are.</param>
internal sealed record TargetDifference(string Path, bool IdenticalBytes, int RankA, int RankB, double? NormA, double? NormB, double? Change, double? RelativeChange, double? Cosine, string? Note);

/// <summary>A base parameter that comes along with one of them or both.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Where">both, a or b.</param>
/// <param name="RelativeChange">‖A − B‖ ÷ ‖A‖; null where one lacks it or shapes differ.</param>
internal sealed record ModuleDifference(string Name, string Where, double? RelativeChange);
