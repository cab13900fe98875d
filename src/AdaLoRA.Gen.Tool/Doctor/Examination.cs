using AdaLoRA.Gen.Native;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>All checks, from the files to the child process that loads them.</summary>
internal static class Examination
{
    public static DoctorReport Run(Application application, ChildChecks children, Func<string, string?> environment, CancellationToken stop)
    {
        var libraries = new LibraryChecks(application, environment(NativeBackend.TorchVariable), environment(OperatingSystem.IsWindows() ? "PATH" : OperatingSystem.IsMacOS() ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"));
        var checks = new List<Check>(libraries.Run());
        if (OperatingSystem.IsLinux()) checks.AddRange(VersionChecks.Run(libraries.Images, VersionChecks.SystemGlibc(), VersionChecks.SystemLibstdcxx(), WeakenedCopy.DefaultFolder()));
        checks.AddRange(MachineChecks.Run(environment));
        checks.Add(children.Gpu(libraries.HasCuda, stop));
        checks.Add(children.Torch(application, libraries.CanLoad && checks.TrueForAll(c => c.Id != "glibc" || c.Status != CheckStatus.Problem), stop));
        int problems = checks.Count(c => c.Status == CheckStatus.Problem);
        return new DoctorReport("adalora.doctor/1", application.Folder, application.Chosen, problems == 0, problems, checks.Count(c => c.Status == CheckStatus.Warning), checks);
    }
}
