using AdaLoRA.Gen.Native;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>All checks, from the files to the child process that loads them.</summary>
internal static class Examination
{
    public static DoctorReport Run(Application application, ChildChecks children, Func<string, string?> environment, CancellationToken stop)
    {
        var libraries = new LibraryChecks(application, environment(NativeBackend.TorchVariable), environment(OperatingSystem.IsWindows() ? "PATH" : OperatingSystem.IsMacOS() ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"));
        var checks = new List<Check>();
        Look(checks, "libraries", libraries.Run);
        if (OperatingSystem.IsLinux()) Look(checks, "versions", () => VersionChecks.Run(libraries.Images, VersionChecks.SystemGlibc(), VersionChecks.SystemLibstdcxx(), WeakenedCopy.DefaultFolder()));
        Look(checks, "machine", () => MachineChecks.Run(environment));
        Look(checks, "gpu", () => [children.Gpu(libraries.HasCuda, stop)]);
        Look(checks, "self-test", () => [children.Torch(application, libraries.CanLoad && checks.TrueForAll(c => c.Id != "glibc" || c.Status != CheckStatus.Problem), stop)]);
        int problems = checks.Count(c => c.Status == CheckStatus.Problem);
        return new DoctorReport("adalora.doctor/1", application.Folder, application.Chosen, problems == 0, problems, checks.Count(c => c.Status == CheckStatus.Warning), checks);
    }

    /// <summary>A machine may be broken in a way that nobody thought of: what a check could not look at is a line, too, and the others go on.</summary>
    internal static void Look(List<Check> found, string id, Func<IEnumerable<Check>> look)
    {
        try
        {
            foreach (var check in look()) found.Add(check);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            found.Add(Check.Problem(id, $"This could not be looked at: {e.GetType().Name}: {e.Message.Split('\n')[0]}", "Please report it, with the output of adalora doctor --json."));
        }
    }
}
