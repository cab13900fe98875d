namespace AdaLoRA.Gen.Conformance.Tests;

/// <summary>A test that sends SIGKILL; elsewhere the report says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute()
    {
        if (OperatingSystem.IsWindows()) Skip = "There is no SIGKILL here.";
    }
}
