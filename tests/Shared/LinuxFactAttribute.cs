namespace AdaLoRA.Gen.Testing;

/// <summary>A test of something that exists on Linux only; elsewhere the report says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux()) Skip = "This is about Linux's loader.";
    }
}
