using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>
/// Counts every call that reaches libtorch's dispatcher, from C#, from the autograd engine and from within other operators, through the profiler's hook:
/// <c>at::addGlobalCallback</c>, called by its exported C++ name.
/// </summary>
/// <remarks>Linux on x64 only: the call relies on how that platform's C++ passes a 40-byte struct and returns a <c>unique_ptr</c>. Nothing may be timed while calls are counted.</remarks>
internal static unsafe class AtenCalls
{
    private const string Add = "_ZN2at17addGlobalCallbackENS_22RecordFunctionCallbackE", Remove = "_ZN2at14removeCallbackEm", Name = "_ZNK2at14RecordFunction4nameEv";

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, long> Calls = [];
    private static delegate* unmanaged[Cdecl]<void*, byte*> s_name;

    /// <summary>Runs <paramref name="work"/> and counts the calls of all threads meanwhile.</summary>
    /// <exception cref="PlatformNotSupportedException">The calls cannot be counted here; the message says why.</exception>
    public static AtenCallCounts Count(Action work)
    {
        if (WhyUnavailable() is { } reason) throw new PlatformNotSupportedException(reason);
        nint library = NativeLibrary.Load(LoadedTorch()!);
        s_name = (delegate* unmanaged[Cdecl]<void*, byte*>)NativeLibrary.GetExport(library, Name);
        var add = (delegate* unmanaged[Cdecl]<RecordFunctionCallback, ulong>)NativeLibrary.GetExport(library, Add);
        var remove = (delegate* unmanaged[Cdecl]<ulong, void>)NativeLibrary.GetExport(library, Remove);
        var callback = new RecordFunctionCallback
        {
            Start = (void*)(delegate* unmanaged[Cdecl]<void**, void*, void*>)&OnStart,
            End = (void*)(delegate* unmanaged[Cdecl]<void*, void*, void>)&OnEnd,
            Probability = 1,
        };
        callback.Scopes[0] = 1; // RecordScope::FUNCTION: operators, and a record for each node that the autograd engine runs.
        lock (Gate) Calls.Clear();
        ulong handle = add(callback);
        try
        {
            work();
        }
        finally
        {
            remove(handle);
        }
        lock (Gate) return new AtenCallCounts(new Dictionary<string, long>(Calls));
    }

    /// <summary>Null when calls can be counted, else a sentence.</summary>
    public static string? WhyUnavailable()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return "Calls of ATen can be counted on Linux x64 only.";
        _ = Native.NativeBackend.Check();
        if (LoadedTorch() is not { } path) return "This process has no libtorch_cpu.so in its memory map.";
        nint library = NativeLibrary.Load(path);
        foreach (string symbol in (string[])[Add, Remove, Name])
        {
            if (!NativeLibrary.TryGetExport(library, symbol, out _)) return $"This libtorch does not export {symbol}.";
        }
        return null;
    }

    // The copy that is in use, wherever it came from.
    private static string? LoadedTorch() =>
        File.ReadLines("/proc/self/maps").FirstOrDefault(l => l.EndsWith("/libtorch_cpu.so", StringComparison.Ordinal)) is { } line ? line[line.IndexOf('/', StringComparison.Ordinal)..] : null;

    // The caller's memory for a std::unique_ptr<ObserverContext> comes as a hidden first argument, and its address is the result.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* OnStart(void** result, void* function)
    {
        *result = null;
        string name = Marshal.PtrToStringUTF8((nint)s_name(function)) ?? "";
        lock (Gate) CollectionsMarshal.GetValueRefOrAddDefault(Calls, name, out _)++;
        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnEnd(void* function, void* context)
    {
    }

    /// <summary>at::RecordFunctionCallback of libtorch 2.x (ATen/record_function.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct RecordFunctionCallback
    {
        public void* Start;
        public void* End;
        public double Probability;
        public fixed byte Scopes[10];
        public byte NeedsInputs, NeedsOutputs, NeedsIds;
    }
}

/// <summary>Calls by operator, such as <c>aten::addmm</c>.</summary>
internal sealed record AtenCallCounts(IReadOnlyDictionary<string, long> ByName)
{
    // Views, allocations, questions about a tensor, and operators that only call others: on a device none of them is a launch.
    private static readonly HashSet<string> NoLaunch =
    [
        .. ((string[])
        [
            "_local_scalar_dense", "_reshape_alias", "_to_copy", "_unsafe_view", "alias", "as_strided", "broadcast_tensors", "broadcast_to", "chunk", "conj", "contiguous", "detach",
            "detach_", "diagonal", "dropout", "empty", "empty_like", "empty_strided", "expand", "expand_as", "flatten", "full", "full_like", "is_nonzero", "item",
            "layer_norm", "lift_fresh", "linear", "matmul", "movedim", "narrow", "new_empty", "new_empty_strided", "new_zeros", "numpy_T", "ones", "ones_like",
            "permute", "rand", "randn", "requires_grad_", "reshape", "resize_", "resolve_conj", "resolve_neg", "result_type", "scaled_dot_product_attention", "select",
            "set_", "slice", "split", "split_with_sizes", "squeeze", "squeeze_", "stack", "swapaxes", "t", "t_", "to", "transpose", "transpose_", "type_as", "unbind",
            "unflatten", "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes", "unsqueeze", "unsqueeze_", "view", "view_as", "zeros", "zeros_like",
        ]).Select(n => "aten::" + n),
    ];

    /// <summary>Every record, the ones without work included.</summary>
    public long Total => ByName.Values.Sum();

    /// <summary>
    /// Calls that compute, copy or fill: on a device about one launch each. An upper bound: zeroing a large tensor counts twice (<c>zero_</c> calls <c>fill_</c>), and TorchSharp's <c>t.mul(scalar)</c>
    /// three times (it wraps the scalar in a tensor of the host).
    /// </summary>
    public long Launches => ByName.Where(c => c.Key.StartsWith("aten::", StringComparison.Ordinal) && !NoLaunch.Contains(c.Key)).Sum(c => c.Value);

    /// <summary>Values that libtorch itself read from a tensor for the host. TorchSharp's <c>item()</c> is not among them: it reads the memory of a CPU tensor without a call.</summary>
    public long Reads => ByName.GetValueOrDefault("aten::_local_scalar_dense");
}
