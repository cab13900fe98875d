namespace AdaLoRA.Gen.Models.Tests.Checkpoints;

/// <summary>A theory that reads what Linux tells about the process; elsewhere the report says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute()
    {
        if (!OperatingSystem.IsLinux()) Skip = "This reads /proc.";
    }
}
