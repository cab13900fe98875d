using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using AdaLoRA.Gen.Native;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tool.Commands;
using AdaLoRA.Gen.Tool.Doctor;

namespace AdaLoRA.Gen.Tool.Tests.Doctor;

/// <summary>Every way in which libtorch can be broken or missing ends in a line that says which and what to do, and in exit code 1; never in a crash.</summary>
public sealed class DoctorTests
{
    private static readonly ChildChecks Healthy = Child("case $2 in torch) echo '{\"version\":\"2.10.0\",\"description\":\"libtorch 2.10.0\",\"sum\":72,\"cuda_devices\":0}';; esac");

    [LinuxFact]
    public void AWholeApplicationIsHealthyAndItsLibtorchMultipliesInAChildThatHasNoneOfItsOwn()
    {
        using var app = new AppFolder();
        var said = Adalora.Apart(["doctor", "--app", app.Root, "--json"]).Done();
        Assert.True(said.Json["healthy"]!.GetValue<bool>());
        string test = Message(said, "self-test");
        Assert.Contains("loaded libtorch 2.1", test, StringComparison.Ordinal);
        Assert.Contains(app.Natives, test, StringComparison.Ordinal);
        Assert.False(Directory.GetFiles(Path.GetDirectoryName(Adalora.Assembly)!, "*torch*.so", SearchOption.AllDirectories).Length > 0);
        Assert.Equal("ok", said.Json["checks"]!.AsArray().First(c => c!["id"]!.GetValue<string>() == "glibc")!["status"]!.GetValue<string>());
    }

    [LinuxFact]
    public void NoLibtorch()
    {
        using var app = new AppFolder(withLibtorch: false);
        var report = Examine(app.Root);
        Problem(report, "libtorch", "libtorch is missing: add the NuGet package TorchSharp-cpu");
        NotTried(report);
    }

    [LinuxFact]
    public void TruncatedLibtorch()
    {
        using var app = new AppFolder();
        app.Replace(NativeFiles.TorchCpu, app.Start(NativeFiles.TorchCpu, 1 << 20));
        Problem(Examine(app.Root), NativeFiles.TorchCpu, "is damaged: it is cut short:", "Restore the packages again");
    }

    [LinuxFact]
    public void TruncatedBinding()
    {
        using var app = new AppFolder();
        foreach (int length in (int[])[0, 3, 63, 64, 1000, 2_000_000])
        {
            app.Replace(NativeFiles.Binding, File.ReadAllBytes(NativeFiles.FolderOf(NativeFiles.Binding) + "/libLibTorchSharp.so")[..length]);
            var report = Examine(app.Root);
            Problem(report, NativeFiles.Binding, "is damaged: ");
            NotTried(report);
        }
    }

    [LinuxFact]
    public void GarbageBytesOfEveryKind()
    {
        using var app = new AppFolder();
        var random = new Random(3);
        byte[] whole = File.ReadAllBytes(NativeFiles.FolderOf(NativeFiles.Binding) + "/libLibTorchSharp.so");
        for (int i = 0; i < 60; i++)
        {
            byte[] bytes = i < 10 ? new byte[1 << 16] : (byte[])whole.Clone();
            if (i < 10) random.NextBytes(bytes);
            // The header, and the tables at the end: where offsets, counts and sizes stand.
            else for (int k = 0; k < 6; k++) bytes[random.Next(2) == 0 ? random.Next(4, 64) : bytes.Length - 1 - random.Next(2048)] = (byte)random.Next(256);
            app.Replace(NativeFiles.Binding, bytes);
            var found = Examine(app.Root).Checks.Single(c => c.Id == NativeFiles.Binding);
            if (i < 10) Assert.Contains("it does not start with the ELF magic number", found.Message, StringComparison.Ordinal);
        }
    }

    [LinuxFact]
    public void WrongArchitecture()
    {
        using var app = new AppFolder();
        byte[] image = File.ReadAllBytes(app.Library("c10"));
        image[0x12] = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? (byte)183 : (byte)62;
        app.Replace("c10", image);
        Problem(Examine(app.Root), "c10", $"it is built for {(image[0x12] == 183 ? "arm64" : "x64")}, and this process is", "Publish the application for");
    }

    [LinuxFact]
    public void AMissingPartAndALinkThatLeadsNowhere()
    {
        using var app = new AppFolder();
        File.Delete(app.Library("c10"));
        Problem(Examine(app.Root), "c10", "is missing, though other parts of libtorch are there");
        File.CreateSymbolicLink(app.Library("c10"), "/nowhere/libc10.so");
        Problem(Examine(app.Root), "c10", "is a link to '/nowhere/libc10.so', which is not there");
        File.Delete(app.Library(NativeFiles.TorchCpu));
        File.CreateSymbolicLink(app.Library(NativeFiles.TorchCpu), "/nowhere/libtorch_cpu.so");
        Problem(Examine(app.Root), NativeFiles.TorchCpu, "is a link to '/nowhere/libtorch_cpu.so', which is not there");
        File.Delete(app.Library(NativeFiles.Binding));
        Problem(Examine(app.Root), NativeFiles.Binding, "libLibTorchSharp.so is missing beside the application");
    }

    /// <summary>As a user who may not read them: root may read everything, so the thread becomes nobody for the time.</summary>
    [LinuxFact]
    [SupportedOSPlatform("linux")]
    public void UnreadableFilesAndFolders()
    {
        using var app = new AppFolder();
        app.Replace("c10", [1, 2, 3]);
        File.SetUnixFileMode(app.Library("c10"), UnixFileMode.None);
        const UnixFileMode everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        foreach (string folder in (string[])[app.Root, Path.Combine(app.Root, "runtimes"), Path.GetDirectoryName(app.Natives)!, app.Natives]) File.SetUnixFileMode(folder, everybody);
        AsNobody(() => Problem(new LibraryChecks(new Application(app.Root, ""), null, null).Run().ToList(), "c10", "cannot be read", "Check the permissions"));
        File.SetUnixFileMode(app.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AsNobody(() => Problem(new LibraryChecks(new Application(app.Root, ""), null, null).Run().ToList(), "application", "cannot be read"));
    }

    [LinuxFact]
    public void NoFolderAFileAndAFolderOfSomethingElse()
    {
        using var folder = new TemporaryFolder();
        Problem(Examine(folder.File("nowhere")), "application", "There is no folder");
        File.WriteAllText(folder.File("file"), "");
        Problem(Examine(folder.File("file")), "application", "is a file");
        Problem(Examine(folder.Path), "torchsharp", "holds no application with TorchSharp");
    }

    [LinuxFact]
    public void OtherVersionsOfThePackages()
    {
        using var app = new AppFolder();
        app.WriteDeps("0.105.2", "2.7.1");
        var report = Examine(app.Root);
        Problem(report, "torchsharp", "Built with TorchSharp 0.105.2, but AdaLoRA.Gen is made for 0.107.");
        Problem(report, "libtorch-package", "Built with libtorch-cpu-linux-x64 2.7.1, but TorchSharp 0.107 runs on libtorch 2.10 or 2.11 only.");
        // Not JSON at all: the libraries speak for themselves.
        File.WriteAllText(Path.Combine(app.Root, "App.deps.json"), "{{{");
        Assert.True(Examine(app.Root).Healthy);
    }

    [LinuxFact]
    public void APythonInstall()
    {
        using AppFolder bundled = new(), app = new(withLibtorch: false);
        using var python = new TemporaryFolder();
        Problem(Examine(bundled.Root, ("ADALORA_TORCH", python.Path)), "libtorch", "two copies in one process abort");
        Problem(Examine(app.Root, ("ADALORA_TORCH", "/nowhere")), "libtorch", "ADALORA_TORCH is '/nowhere', but no libtorch_cpu.so is there", "torch.__path__");
        Problem(Examine(app.Root, ("ADALORA_TORCH", "\0")), "libtorch", "");
        string lib = Directory.CreateDirectory(python.File("torch/lib")).FullName;
        foreach (string file in Directory.GetFiles(bundled.Natives).Where(f => !f.Contains("LibTorchSharp", StringComparison.Ordinal))) File.CreateSymbolicLink(Path.Combine(lib, Path.GetFileName(file)), new FileInfo(file).LinkTarget!);
        Problem(Examine(app.Root, ("ADALORA_TORCH", python.Path)), "libtorch", "cannot be read");
        File.WriteAllText(python.File("torch/version.py"), "__version__ = '2.4.0+cpu'\n");
        Problem(Examine(app.Root, ("ADALORA_TORCH", python.Path)), "libtorch", "which holds torch 2.4.0+cpu, but TorchSharp 0.107 runs on torch 2.10 or 2.11 only");
        File.WriteAllText(python.File("torch/version.py"), "__version__ = '2.10.0+cpu'\n");
        Assert.True(Examine(app.Root, ("ADALORA_TORCH", python.Path)).Healthy);
        // The real thing: the child loads it from there.
        var said = Adalora.Apart(["doctor", "--app", app.Root, "--json"], ("ADALORA_TORCH", python.Path)).Done();
        Assert.Contains($"from a Python install ({lib})", Message(said, "self-test"), StringComparison.Ordinal);
    }

    [LinuxFact]
    public void ASecondLibtorchIsAWarning()
    {
        using AppFolder app = new(), other = new();
        var report = Examine(app.Root, ("LD_LIBRARY_PATH", other.Natives));
        Assert.Equal(CheckStatus.Warning, report.Checks.Single(c => c.Id == "copies").Status);
        Assert.Contains(other.Natives, report.Checks.Single(c => c.Id == "copies").Message, StringComparison.Ordinal);
    }

    [LinuxTheory]
    [InlineData("kill -ABRT $$", "SIGABRT")]
    [InlineData("kill -SEGV $$", "SIGSEGV")]
    [InlineData("echo terminate called >&2; kill -BUS $$", "SIGBUS")]
    [InlineData("kill -ILL $$", "SIGILL")]
    [InlineData("kill -KILL $$", "SIGKILL")]
    public void AChildThatDiesOfASignal(string script, string signal)
    {
        using var app = new AppFolder();
        var found = Problem(Examine(app.Root, Child($"test $2 = gpu || {{ {script}; }}")), "self-test", $"ended in {signal}.");
        if (script.StartsWith("echo", StringComparison.Ordinal)) Assert.Contains("Its last words: terminate called", found.Message, StringComparison.Ordinal);
        Assert.NotNull(found.Remedy);
    }

    [LinuxTheory]
    [InlineData("sleep 600", "did not end within 1 s and was stopped")]
    [InlineData("trap '' TERM INT; while true; do sleep 0.1; done", "did not end within 1 s and was stopped")]
    [InlineData("(sleep 600) & exec 1>&- ; echo hm >&2; exit 7", "")]
    [InlineData("yes flood", "did not end within 1 s and was stopped")]
    [InlineData("exit 7", "ended with exit code 7. It said nothing.")]
    [InlineData("echo; echo '{'; echo '{\"sum\":'; exit 0", "ended with exit code 0")]
    [InlineData("echo \"'libtorch_cpu.so' does not load on this system (no memory)\" >&2; exit 2", "'libtorch_cpu.so' does not load on this system (no memory)")]
    public void AChildThatHangsFloodsOrTalksNonsense(string script, string part)
    {
        using var app = new AppFolder();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Problem(Examine(app.Root, Child($"test $2 = gpu || {{ {script}; }}") with { Patience = TimeSpan.FromSeconds(1) }), "self-test", part);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{watch.Elapsed}");
    }

    [LinuxFact]
    public void AProgramThatCannotBeStarted()
    {
        using var app = new AppFolder();
        Problem(Examine(app.Root, new ChildChecks("/nowhere/dotnet", [], TimeSpan.FromSeconds(1))), "self-test", "could not be started");
    }

    [LinuxFact]
    public void ARealChildThatTakesTooLong()
    {
        using var app = new AppFolder();
        var said = Adalora.Apart(["doctor", "--app", app.Root, "--timeout", "0.01"]);
        Assert.Equal(ExitCodes.Found, said.ExitCode);
        Assert.Contains("did not end within 0", said.Output, StringComparison.Ordinal);
    }

    /// <summary>What the files did not show, the loader says: the child ends in a sentence.</summary>
    [LinuxFact]
    public void ALibraryThatIsWholeButAnotherOne()
    {
        using var app = new AppFolder();
        File.Delete(app.Library(NativeFiles.Binding));
        File.CreateSymbolicLink(app.Library(NativeFiles.Binding), app.Library("c10"));
        var said = Adalora.Apart(["doctor", "--app", app.Root, "--json"]);
        Assert.Equal(ExitCodes.Found, said.ExitCode);
        Assert.Equal("problem", said.Json["checks"]!.AsArray().Single(c => c!["id"]!.GetValue<string>() == "self-test")!["status"]!.GetValue<string>());
    }

    [LinuxFact]
    public void GpusAreCountedAndACpuBuildIsTold()
    {
        using var app = new AppFolder();
        var gpu = Child("if test $2 = gpu; then echo '{\"driver_version\":\"12.8\",\"devices\":[{\"name\":\"H100\",\"bytes\":85000000000}]}'; else echo '{\"version\":\"2.10.0\",\"description\":\"l\",\"sum\":72,\"cuda_devices\":0}'; fi");
        var found = Examine(app.Root, gpu).Checks.Single(c => c.Id == "gpu");
        Assert.Equal(CheckStatus.Warning, found.Status);
        Assert.Contains("1 NVIDIA devices: H100 (85 GB); but the application's libtorch is built for the CPU", found.Message, StringComparison.Ordinal);
        Assert.Contains("No NVIDIA GPU", Examine(app.Root).Checks.Single(c => c.Id == "gpu").Message, StringComparison.Ordinal);
        Assert.Equal(CheckStatus.Warning, Examine(app.Root, Child("test $2 = torch || kill -SEGV $$")).Checks.Single(c => c.Id == "gpu").Status);
    }

    [LinuxFact]
    public void VersionsOfTheSystemAreCompared()
    {
        using var app = new AppFolder();
        var images = new Dictionary<string, ElfFile> { [NativeFiles.TorchCpu] = ElfFile.Open(app.Library(NativeFiles.TorchCpu)), [NativeFiles.Binding] = ElfFile.Open(app.Library(NativeFiles.Binding)) };
        Assert.Contains(NativeFiles.WeakenedVersion, images[NativeFiles.Binding].Needs);
        string[] all = [.. images.SelectMany(i => i.Value.Needs).Distinct()], older = [.. all.Where(v => v != NativeFiles.WeakenedVersion)], ancient = [.. all.Where(v => !v.StartsWith("GLIBCXX_3.4.2", StringComparison.Ordinal) && v != NativeFiles.WeakenedVersion)];
        Assert.Equal([CheckStatus.Ok, CheckStatus.Ok], Status("2.36", all, "/cache"));
        Assert.Equal([CheckStatus.Ok, CheckStatus.Ok], Status("2.36", older, "/cache"));
        Assert.Equal([CheckStatus.Ok, CheckStatus.Warning], Status("2.36", older, null));
        Assert.Equal([CheckStatus.Problem, CheckStatus.Problem], Status("2.17", ancient, "/cache"));
        Assert.Equal([CheckStatus.Problem, CheckStatus.Ok], Status(null, all, "/cache"));
        Assert.Contains("a weakened copy is loaded instead", VersionChecks.Run(images, "2.36", older, "/cache").Last().Message, StringComparison.Ordinal);

        CheckStatus[] Status(string? glibc, string[] offered, string? cache) => [.. VersionChecks.Run(images, glibc, offered, cache).Select(c => c.Status)];
    }

    [LinuxFact]
    public void ThreadsAndTheirEnvironment()
    {
        Assert.Equal(CheckStatus.Warning, MachineChecks.Threads("100000").Status);
        Assert.Equal(CheckStatus.Ok, MachineChecks.Threads(null).Status);
        Assert.Equal(CheckStatus.Warning, MachineChecks.WaitPolicy("sometimes").Status);
        Assert.Equal(CheckStatus.Ok, MachineChecks.WaitPolicy("PASSIVE").Status);
    }

    [LinuxFact]
    public void TheNewestOutputOfTheProjectIsFound()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("App.csproj"), "");
        Assert.Contains("was not built yet", Application.Find(null, folder.Path).Chosen, StringComparison.Ordinal);
        foreach (string framework in (string[])["net8.0", "net10.0"])
        {
            string output = Directory.CreateDirectory(folder.File($"bin/Release/{framework}")).FullName;
            File.WriteAllText(Path.Combine(output, "App.deps.json"), "{}");
            File.SetLastWriteTimeUtc(Path.Combine(output, "App.deps.json"), new DateTime(2026, 1, framework == "net8.0" ? 1 : 2, 0, 0, 0, DateTimeKind.Utc));
        }
        string inner = Directory.CreateDirectory(folder.File("Sources/Deep")).FullName;
        Assert.Equal(folder.File("bin/Release/net10.0"), Application.Find(null, inner).Folder);
        Assert.Equal("/x", Application.Find("/x", inner).Folder);
    }

    [Fact]
    public void WhatNobodyThoughtOfIsALineToo()
    {
        var checks = new List<Check>();
        Examination.Look(checks, "one", () => throw new InvalidOperationException("odd\nmachine"));
        Examination.Look(checks, "two", Some);
        Assert.Equal([("one", CheckStatus.Problem), ("first", CheckStatus.Ok), ("two", CheckStatus.Problem)], checks.Select(c => (c.Id, c.Status)));
        Assert.Equal("This could not be looked at: InvalidOperationException: odd", checks[0].Message);

        static IEnumerable<Check> Some()
        {
            yield return Check.Ok("first", "fine");
            throw new DivideByZeroException();
        }
    }

    private static ChildChecks Child(string script) => new("bash", ["-c", script, "bash"], TimeSpan.FromSeconds(20));

    private static DoctorReport Examine(string folder, params (string Name, string Value)[] environment) => Examination.Run(new Application(folder, "named"), Healthy, name => environment.FirstOrDefault(e => e.Name == name).Value, CancellationToken.None);

    private static DoctorReport Examine(string folder, ChildChecks child) => Examination.Run(new Application(folder, "named"), child, _ => null, CancellationToken.None);

    private static Check Problem(DoctorReport report, string id, string message, string? remedy = null)
    {
        Assert.False(report.Healthy);
        using var output = new StringWriter();
        DoctorCommand.Write(report, new Terminal(output, output, false, false));
        Assert.Contains(" problems, ", output.ToString(), StringComparison.Ordinal);
        return Problem(report.Checks, id, message, remedy);
    }

    private static Check Problem(IEnumerable<Check> checks, string id, string message, string? remedy = null)
    {
        var found = checks.FirstOrDefault(c => c.Id == id);
        Assert.True(found?.Status == CheckStatus.Problem, string.Join('\n', checks));
        Assert.Contains(message, found!.Message, StringComparison.Ordinal);
        if (remedy is not null) Assert.Contains(remedy, found.Remedy, StringComparison.Ordinal);
        return found;
    }

    private static void NotTried(DoctorReport report) => Assert.Equal((CheckStatus.Warning, "Not run: it would fail on the problems above."), (report.Checks.Single(c => c.Id == "self-test").Status, report.Checks.Single(c => c.Id == "self-test").Message));

    private static string Message(Said said, string id) => said.Json["checks"]!.AsArray().Single(c => c!["id"]!.GetValue<string>() == id)!["message"]!.GetValue<string>();

    private static void AsNobody(Action look)
    {
        Exception? thrown = null;
        var nobody = new Thread(() =>
        {
            try
            {
                _ = SetFsUid(65534);
                look();
            }
            catch (Exception e)
            {
                thrown = e;
            }
        });
        nobody.Start();
        nobody.Join();
        if (thrown is not null) throw new Xunit.Sdk.XunitException(thrown.ToString());
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetFsUid(uint user);
}

/// <summary>A theory about what exists on Linux only.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute()
    {
        if (!OperatingSystem.IsLinux()) Skip = "This is about Linux's loader and signals.";
    }
}
