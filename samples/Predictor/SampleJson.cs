using System.Text.Json.Serialization;
using AdaLoRA.Gen.Hosting;
using Microsoft.AspNetCore.Mvc;

namespace PredictorSample;

internal sealed record ClassifyRequest(string? Text);

internal sealed record ClassifyAnswer(string Intent, double Probability, IReadOnlyList<Candidate> Candidates, int AdapterVersion);

/// <summary>A swap.</summary>
/// <param name="Folder">Null loads the one that serves anew.</param>
internal sealed record SwapRequest(string? Folder);

internal sealed record AdapterState(AdapterInfo Adapter, PredictorLoad Load, string? LastSwapFailure);

/// <summary>All that goes over the wire; generated, so that nothing is reflected over at run time.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ClassifyRequest))]
[JsonSerializable(typeof(ClassifyAnswer))]
[JsonSerializable(typeof(SwapRequest))]
[JsonSerializable(typeof(AdapterState))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(LoadReport))]
internal sealed partial class SampleJson : JsonSerializerContext;
