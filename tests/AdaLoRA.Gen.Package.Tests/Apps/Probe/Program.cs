using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AdaLoRA.Gen.Native;
using TorchSharp;

var watch = Stopwatch.StartNew();
using var x = torch.ones(3, 4);
using var y = x.mm(x.t()).sum();
double load = watch.Elapsed.TotalMilliseconds;
Console.WriteLine(NativeBackend.Describe());
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sum = {y.ToDouble()}"));
Console.WriteLine($"OMP_WAIT_POLICY = {Startup.NativeVariable("OMP_WAIT_POLICY")}");
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"initialize {Startup.Microseconds:0} us, first operation {load:0} ms"));

internal static class Startup
{
    public static double Microseconds { get; private set; }

    // What the generator emits into a user's assembly.
    [ModuleInitializer]
    internal static void Run()
    {
        var watch = Stopwatch.StartNew();
        NativeBackend.Initialize();
        Microseconds = watch.Elapsed.TotalMicroseconds;
    }

    // As libgomp sees it; Environment.GetEnvironmentVariable reads .NET's copy.
    public static string? NativeVariable(string name)
        => OperatingSystem.IsWindows() ? null : Marshal.PtrToStringUTF8(GetEnv(name));

    [DllImport("libc", EntryPoint = "getenv", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint GetEnv(string name);
}
