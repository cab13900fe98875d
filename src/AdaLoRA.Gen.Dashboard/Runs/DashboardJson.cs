using System.Text.Json.Serialization;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>The serialiser of what the dashboard sends beside events; generated at compile time, so it works when trimmed.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(RunList))]
[JsonSerializable(typeof(RunSummary))]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(StateBody))]
[JsonSerializable(typeof(SessionBody))]
internal sealed partial class DashboardJson : JsonSerializerContext;

/// <summary><c>GET api/runs</c>.</summary>
/// <param name="Runs">Live runs in the order of their registration, then past ones, newest first.</param>
/// <param name="Skipped">A sentence for each file that could not be read.</param>
internal sealed record RunList(IReadOnlyList<RunSummary> Runs, IReadOnlyList<string> Skipped);

/// <summary>A refusal.</summary>
/// <param name="Error">A sentence.</param>
internal sealed record ErrorBody(string Error);

/// <summary>Where a run is.</summary>
/// <param name="State">Name of a <see cref="AdaLoRA.Gen.Hosting.RunState"/>.</param>
internal sealed record StateBody(string State);

/// <summary><c>GET api/session</c>.</summary>
/// <param name="Control">"allowed", "token" or "forbidden".</param>
internal sealed record SessionBody(string Control);
