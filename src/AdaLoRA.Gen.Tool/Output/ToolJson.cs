using System.Text.Json;
using System.Text.Json.Serialization;
using AdaLoRA.Gen.Tool.Comparison;
using AdaLoRA.Gen.Tool.Doctor;
using AdaLoRA.Gen.Tool.Exporting;
using AdaLoRA.Gen.Tool.Inspection;
using AdaLoRA.Gen.Tool.Merging;
using AdaLoRA.Gen.Tool.Runs;

namespace AdaLoRA.Gen.Tool;

/// <summary>Why a command did not do what it was told, as <c>--json</c> says it.</summary>
internal sealed record ErrorReport(string Error);

/// <summary>The shapes of <c>--json</c>, one a command. A field that is added keeps a schema's number; one that goes or changes its meaning raises it.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(ErrorReport))]
[JsonSerializable(typeof(InspectReport))]
[JsonSerializable(typeof(DiffReport))]
[JsonSerializable(typeof(MergeReport))]
[JsonSerializable(typeof(ExportReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(RunsReport))]
[JsonSerializable(typeof(DashboardReport))]
[JsonSerializable(typeof(CompletionReport))]
[JsonSerializable(typeof(SelfTestResult))]
[JsonSerializable(typeof(GpuResult))]
internal sealed partial class ToolJson : JsonSerializerContext
{
    /// <summary>The same on one line, as a child process tells its parent.</summary>
    public static ToolJson Line => field ??= new ToolJson(new JsonSerializerOptions(Default.Options) { WriteIndented = false });
}

/// <summary>What <c>completion --json</c> writes.</summary>
internal sealed record CompletionReport(string Schema, string Shell, string Script);
