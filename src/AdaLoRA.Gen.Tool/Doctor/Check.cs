using System.Text.Json.Serialization;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>How a check ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckStatus>))]
internal enum CheckStatus
{
    /// <summary>As it should be.</summary>
    [JsonStringEnumMemberName("ok")]
    Ok,

    /// <summary>It works, but slower or otherwise than it could, or nothing could be told.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>It will not work.</summary>
    [JsonStringEnumMemberName("problem")]
    Problem,
}

/// <summary>One check.</summary>
/// <param name="Id">Stable name.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Message">What was found, one sentence.</param>
/// <param name="Remedy">What to do; null where there is nothing to do, or the message says it.</param>
internal sealed record Check(string Id, CheckStatus Status, string Message, string? Remedy = null)
{
    public static Check Ok(string id, string message) => new(id, CheckStatus.Ok, message);

    public static Check Warning(string id, string message, string? remedy = null) => new(id, CheckStatus.Warning, message, remedy);

    public static Check Problem(string id, string message, string? remedy = null) => new(id, CheckStatus.Problem, message, remedy);
}

/// <summary>What <c>doctor --json</c> writes.</summary>
/// <param name="Schema">adalora.doctor/1.</param>
/// <param name="Application">The folder that was looked at.</param>
/// <param name="Chosen">How it was chosen.</param>
/// <param name="Healthy">Whether there is no problem.</param>
/// <param name="Problems">How many.</param>
/// <param name="Warnings">How many.</param>
/// <param name="Checks">In the order in which they were made.</param>
internal sealed record DoctorReport(string Schema, string Application, string Chosen, bool Healthy, int Problems, int Warnings, IReadOnlyList<Check> Checks);
