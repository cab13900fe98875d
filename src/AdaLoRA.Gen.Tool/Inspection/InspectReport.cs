using System.Text.Json.Nodes;

namespace AdaLoRA.Gen.Tool.Inspection;

/// <summary>What <c>inspect --json</c> writes. A field is null where the thing has none.</summary>
/// <param name="Schema">adalora.inspect/1.</param>
/// <param name="Path">What was looked at.</param>
/// <param name="Kind">adapter, checkpoint, output, model or safetensors.</param>
/// <param name="Finite">Whether no value is NaN or infinite; null when values were not read.</param>
internal sealed record InspectReport(string Schema, string Path, string Kind, bool? Finite)
{
    public AdapterReport? Adapter { get; init; }

    public CheckpointReport? Checkpoint { get; init; }

    public OutputReport? Output { get; init; }

    public TensorsReport? Tensors { get; init; }
}

/// <summary>An adapter folder.</summary>
/// <param name="Method">AdaLoRA or LoRA.</param>
/// <param name="BaseModel">base_model_name_or_path of the config.</param>
/// <param name="PeftVersion">peft_version of the config.</param>
/// <param name="Rank">Living triplets.</param>
/// <param name="InitialRank">Triplets that the run began with.</param>
/// <param name="Parameters">Numbers in A, B and E.</param>
/// <param name="TrainedParameters">Numbers in modules that were trained in full.</param>
/// <param name="Bytes">Of the folder's tensor files.</param>
/// <param name="Alpha">lora_alpha.</param>
/// <param name="Variants">What the config asks for that is more than scale·B·diag(E)·A; the run time and the tool refuse to compute with it.</param>
/// <param name="DriftP">Largest ‖PᵀP − I‖_F of a target; null for plain LoRA.</param>
/// <param name="DriftQ">Largest ‖QQᵀ − I‖_F of a target; null for plain LoRA.</param>
/// <param name="TrainedModules">Base parameters that come along, by name.</param>
/// <param name="NonFinite">Names of tensors with a NaN or infinite value; null when values were not read.</param>
/// <param name="Targets">In the run time's order.</param>
internal sealed record AdapterReport(
    string Method, string? BaseModel, string? PeftVersion, long Rank, long InitialRank, long Parameters, long TrainedParameters, long Bytes, double Alpha, string? Variants,
    double? DriftP, double? DriftQ, IReadOnlyList<string> TrainedModules, IReadOnlyList<string>? NonFinite, IReadOnlyList<TargetReport> Targets);

/// <summary>One adapted layer.</summary>
/// <param name="Path">Module path.</param>
/// <param name="Rank">Living triplets.</param>
/// <param name="InitialRank">Triplets that the run began with.</param>
/// <param name="In">Columns of A.</param>
/// <param name="Out">Rows of B.</param>
/// <param name="DType">Of A.</param>
/// <param name="Scale">Factor on B·diag(E)·A.</param>
/// <param name="DeltaNorm">‖ΔW‖_F; null when values were not read or are not finite.</param>
/// <param name="DriftP">‖PᵀP − I‖_F, P the columns of B; null for plain LoRA.</param>
/// <param name="DriftQ">‖QQᵀ − I‖_F, Q the rows of A; null for plain LoRA.</param>
/// <param name="Lambda">λ of the living triplets, largest magnitude first; null for plain LoRA.</param>
/// <param name="Pattern">One digit for each triplet that the run began with: 1 lives.</param>
internal sealed record TargetReport(string Path, int Rank, int InitialRank, int In, int Out, string DType, double Scale, double? DeltaNorm, double? DriftP, double? DriftQ, IReadOnlyList<double>? Lambda, string Pattern);

/// <summary>A checkpoint of a hosted run.</summary>
/// <param name="Complete">Whether all files are there and of one moment; a run can be resumed from it.</param>
/// <param name="WhyNot">Why it is not; null when it is.</param>
/// <param name="State">Its state.json as it stands; null when it cannot be read.</param>
internal sealed record CheckpointReport(bool Complete, string? WhyNot, JsonObject? State);

/// <summary>The output folder of a hosted run.</summary>
/// <param name="Metrics">Its metrics.json as it stands; null when there is none.</param>
/// <param name="Best">Whether there is an adapter of the best evaluation.</param>
/// <param name="Checkpoints">Oldest first.</param>
internal sealed record OutputReport(JsonObject? Metrics, bool Best, IReadOnlyList<CheckpointLine> Checkpoints);

/// <summary>One checkpoint of an output folder.</summary>
/// <param name="Name">step-N.</param>
/// <param name="Complete">Whether a run can be resumed from it.</param>
/// <param name="Bytes">Of all its files.</param>
internal sealed record CheckpointLine(string Name, bool Complete, long Bytes);

/// <summary>Tensors of a model folder or file.</summary>
/// <param name="Count">How many.</param>
/// <param name="Parameters">Numbers in them.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Architecture">architectures of config.json; null without one.</param>
/// <param name="DTypes">Tensors of each type.</param>
/// <param name="NonFinite">Names of tensors with a NaN or infinite value; null when values were not read.</param>
/// <param name="Entries">All of them.</param>
internal sealed record TensorsReport(int Count, long Parameters, long Bytes, string? Architecture, IReadOnlyDictionary<string, int> DTypes, IReadOnlyList<string>? NonFinite, IReadOnlyList<TensorLine> Entries);

/// <summary>One tensor.</summary>
internal sealed record TensorLine(string Name, string DType, IReadOnlyList<long> Shape);
