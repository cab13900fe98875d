using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Native;

/// <summary>
/// Memory of a CUDA device, asked of the driver through its C interface: libtorch's own figures are C++ structures whose layout follows its version. PyTorch's allocator gives nothing back while a program runs, so what is in use
/// after a step is the most that any step needed.
/// </summary>
internal sealed unsafe class CudaMemory
{
    private static readonly Lazy<CudaMemory?> Loaded = new(() => Find(LoadDriver()));

    private readonly delegate* unmanaged<uint, int> _initialize;
    private readonly delegate* unmanaged<int*, int, int> _device;
    private readonly delegate* unmanaged<nint*, int, int> _retain;
    private readonly delegate* unmanaged<nint, int> _push;
    private readonly delegate* unmanaged<nint*, int> _pop;
    private readonly delegate* unmanaged<nuint*, nuint*, int> _info;
    private readonly Dictionary<int, nint> _contexts = [];

    private CudaMemory(nint[] exports)
    {
        _initialize = (delegate* unmanaged<uint, int>)exports[0];
        _device = (delegate* unmanaged<int*, int, int>)exports[1];
        _retain = (delegate* unmanaged<nint*, int, int>)exports[2];
        _push = (delegate* unmanaged<nint, int>)exports[3];
        _pop = (delegate* unmanaged<nint*, int>)exports[4];
        _info = (delegate* unmanaged<nuint*, nuint*, int>)exports[5];
    }

    private static ReadOnlySpan<string> Names => new[] { "cuInit", "cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuCtxPushCurrent_v2", "cuCtxPopCurrent_v2", "cuMemGetInfo_v2" };

    /// <summary>Bytes in use on a device, by all processes.</summary>
    /// <param name="index">As CUDA numbers the devices that this process sees.</param>
    /// <returns>Null where there is no driver or no such device.</returns>
    public static long? InUse(int index) => Loaded.Value?.Read(index);

    /// <summary>All that is needed of a driver, or null.</summary>
    internal static CudaMemory? Find(nint driver)
    {
        var exports = new nint[Names.Length];
        for (int i = 0; i < exports.Length; i++)
        {
            if (driver == 0 || !NativeLibrary.TryGetExport(driver, Names[i], out exports[i])) return null;
        }
        return new CudaMemory(exports);
    }

    private static nint LoadDriver() => NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out nint driver) ? driver : 0;

    private long? Read(int index)
    {
        lock (_contexts)
        {
            if (!_contexts.TryGetValue(index, out nint context))
            {
                // The context that libtorch computes in; kept as long as the process, as libtorch keeps it.
                int device;
                if (_initialize(0) != 0 || _device(&device, index) != 0 || _retain(&context, device) != 0) return null;
                _contexts[index] = context;
            }
            // Pushed and popped: the thread's own context stays what it is.
            if (_push(context) != 0) return null;
            nuint free, total;
            int status = _info(&free, &total);
            nint popped;
            _ = _pop(&popped);
            return status == 0 ? (long)(total - free) : null;
        }
    }
}
