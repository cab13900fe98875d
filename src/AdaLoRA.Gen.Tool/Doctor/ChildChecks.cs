using AdaLoRA.Gen.Native;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>Checks that run in a child process: what they load may crash, abort or hang.</summary>
/// <param name="Program">The program; this one, unless a test puts another in its place.</param>
/// <param name="Arguments">What stands before the arguments of the hidden command.</param>
/// <param name="Patience">How long a child may take.</param>
internal sealed record ChildChecks(string Program, string[] Arguments, TimeSpan Patience)
{
    public Check Torch(Application application, bool canLoad, CancellationToken stop)
    {
        const string id = "self-test";
        if (!canLoad) return Check.Warning(id, "Not run: it would fail on the problems above.");
        var child = Run([SelfTest.TorchPart, application.Folder], stop);
        if (child.ExitCode == 0 && SelfTest.Read(child.Output, ToolJson.Default.SelfTestResult) is { } found)
        {
            return found.Sum == 72
                ? Check.Ok(id, $"A child process loaded {found.Description} and multiplied{(found.CudaDevices > 0 ? $"; libtorch finds {found.CudaDevices} CUDA devices" : "")}.")
                : Check.Problem(id, $"libtorch {found.Version} loads, but a product of ones summed up to {found.Sum} instead of 72.", "Restore the packages again; if it stays, test the machine's memory.");
        }
        string words = child.LastWords.Length > 0 ? $" Its last words: {child.LastWords.ReplaceLineEndings(" | ")}" : " It said nothing.";
        if (child.WhyNot is { } why) return Check.Problem(id, $"Loading libtorch in a child process failed: {why}.{words}", "Run it once more with --timeout 300 if the disk is slow; else look at what the last words name.");
        if (child.Signal is { } signal) return Check.Problem(id, $"Loading libtorch in a child process ended in {signal}.{words}", Remedy(signal));
        return child.LastWords.Length > 0 && child.ExitCode == Commands.ExitCodes.Failed
            ? Check.Problem(id, child.LastWords.Split('\n')[^1])
            : Check.Problem(id, $"Loading libtorch in a child process ended with exit code {child.ExitCode}.{words}", "Look at what the last words name.");
    }

    public Check Gpu(bool libtorchHasCuda, CancellationToken stop)
    {
        const string id = "gpu", none = "No NVIDIA GPU: training runs on the CPU.";
        bool traces = !OperatingSystem.IsLinux() || Directory.Exists("/proc/driver/nvidia") || File.Exists("/dev/nvidiactl");
        var child = Run([SelfTest.GpuPart], stop);
        if (child.ExitCode == 0)
        {
            if (SelfTest.Read(child.Output, ToolJson.Default.GpuResult) is not { Devices.Count: > 0 } found)
            {
                return traces && OperatingSystem.IsLinux() ? Check.Warning("gpu", "An NVIDIA driver is installed, but it finds no device.", "Run nvidia-smi; in a container, start it with --gpus all.") : Check.Ok(id, none);
            }
            string devices = string.Join(", ", found.Devices.Select(d => $"{d.Name} ({Text.Bytes(d.Bytes)})"));
            return libtorchHasCuda
                ? Check.Ok(id, $"{found.Devices.Count} NVIDIA devices: {devices}; the driver runs CUDA up to {found.DriverVersion}.")
                : Check.Warning(id, $"{found.Devices.Count} NVIDIA devices: {devices}; but the application's libtorch is built for the CPU.", "Build with -p:TorchBackend=cuda (or the package TorchSharp-cuda-linux or -windows) to train on them.");
        }
        return Check.Warning(id, $"Asking the NVIDIA driver failed: {child.WhyNot ?? child.Signal ?? $"exit code {child.ExitCode}"}.", "Run nvidia-smi; training on the CPU is not touched by it.");
    }

    private ChildResult Run(string[] arguments, CancellationToken stop) => ChildProcess.Run(Program, [.. Arguments, Commands.SelfTestCommand.Name, .. arguments], Patience, stop);

    private static string Remedy(string signal) => signal switch
    {
        "SIGILL" => "This processor lacks an instruction that libtorch uses; use a machine with AVX2, or pass the host's processor through to the virtual machine.",
        "SIGKILL" => "Something killed it, most often for memory; give the container more.",
        "SIGBUS" => "A library is cut short, or the disk fails: restore the packages again and build anew.",
        _ => $"Two copies of libtorch in one process, or one of another version than {PythonTorch.Accepted}, end so: look at LD_LIBRARY_PATH and {NativeBackend.TorchVariable}, and restore the packages again.",
    };
}
