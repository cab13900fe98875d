using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Native;

/// <summary>
/// libtorch's switches of autocast, which TorchSharp has no names for: C++ functions that take and give plain numbers, found by their exported names (Itanium mangling: Linux and macOS; Windows has others).
/// Whether they do what they are called is tried once for every kind of device.
/// </summary>
internal sealed unsafe class AutocastSwitches
{
    private const string Prefix = "_ZN2at8autocast";
    private static readonly Lock Gate = new();
    private static readonly Dictionary<DeviceType, string?> Tried = [];
    private static AutocastSwitches? s_found;
    private static bool s_searched;

    // An 8-bit enum or a bool arrives in a register of its own; passed as an int, all of that register is defined, whoever is to widen it by the platform's rules.
    private readonly delegate* unmanaged<int, byte> _isEnabled;
    private readonly delegate* unmanaged<int, int, void> _setEnabled;
    private readonly delegate* unmanaged<int, sbyte> _getType;
    private readonly delegate* unmanaged<int, int, void> _setType;
    private readonly delegate* unmanaged<int> _increment;
    private readonly delegate* unmanaged<int> _decrement;
    private readonly delegate* unmanaged<void> _clearCache;

    private AutocastSwitches(nint[] exports)
    {
        _isEnabled = (delegate* unmanaged<int, byte>)exports[0];
        _setEnabled = (delegate* unmanaged<int, int, void>)exports[1];
        _getType = (delegate* unmanaged<int, sbyte>)exports[2];
        _setType = (delegate* unmanaged<int, int, void>)exports[3];
        _increment = (delegate* unmanaged<int>)exports[4];
        _decrement = (delegate* unmanaged<int>)exports[5];
        _clearCache = (delegate* unmanaged<void>)exports[6];
    }

    private static string[] Names =>
    [
        Prefix + "19is_autocast_enabledEN3c1010DeviceTypeE",
        Prefix + "20set_autocast_enabledEN3c1010DeviceTypeEb",
        Prefix + "18get_autocast_dtypeEN3c1010DeviceTypeE",
        Prefix + "18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE",
        Prefix + "17increment_nestingEv",
        Prefix + "17decrement_nestingEv",
        Prefix + "11clear_cacheEv",
    ];

    /// <summary>The switches, or null with the reason.</summary>
    /// <param name="device">What they are to work on.</param>
    /// <param name="whyNot">A sentence without its end.</param>
    public static AutocastSwitches? For(DeviceType device, out string? whyNot)
    {
        lock (Gate)
        {
            s_found = s_searched ? s_found : Find(NativeBackend.Libtorch());
            s_searched = true;
            if (s_found is null)
            {
                whyNot = OperatingSystem.IsWindows() ? "its switches are reached on Linux and macOS only" : "this libtorch does not export its switches";
                return null;
            }
            if (!Tried.TryGetValue(device, out whyNot)) Tried[device] = whyNot = s_found.Try(device);
            return whyNot is null ? s_found : null;
        }
    }

    /// <summary>All of them, or null.</summary>
    internal static AutocastSwitches? Find(nint library, string prefix = Prefix)
    {
        var exports = new nint[Names.Length];
        for (int i = 0; i < exports.Length; i++)
        {
            if (library == 0 || !NativeLibrary.TryGetExport(library, Names[i].Replace(Prefix, prefix, StringComparison.Ordinal), out exports[i])) return null;
        }
        return new AutocastSwitches(exports);
    }

    /// <summary>Switches this thread's autocast on.</summary>
    /// <returns>What was before.</returns>
    public (bool Enabled, sbyte Type) Enter(DeviceType device, ScalarType type) => Enter(device, (true, (sbyte)type));

    /// <summary>Puts this thread's autocast into a state.</summary>
    /// <returns>What was before.</returns>
    public (bool Enabled, sbyte Type) Enter(DeviceType device, (bool Enabled, sbyte Type) state)
    {
        var before = State(device);
        _setType((int)device, state.Type);
        _setEnabled((int)device, state.Enabled ? 1 : 0);
        _increment();
        return before;
    }

    /// <summary>Restores what was before; the outermost drops the cached casts of trained weights, which a step makes stale.</summary>
    public void Leave(DeviceType device, (bool Enabled, sbyte Type) before)
    {
        if (_decrement() == 0) _clearCache();
        _setEnabled((int)device, before.Enabled ? 1 : 0);
        _setType((int)device, before.Type);
    }

    /// <summary>This thread's state.</summary>
    public (bool Enabled, sbyte Type) State(DeviceType device) => (_isEnabled((int)device) != 0, _getType((int)device));

    private string? Try(DeviceType device)
    {
        const string wrong = "this libtorch's switches do not do what their names say";
        if (device == DeviceType.CUDA && !cuda.is_available()) return "libtorch finds no CUDA device";
        if (device is not (DeviceType.CPU or DeviceType.CUDA)) return "it was tried on CPU and CUDA only";
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var x = ones(2, 2, dtype: ScalarType.Float32, device: new Device(device));
        var before = Enter(device, ScalarType.BFloat16);
        bool works;
        try
        {
            works = Product(x) == ScalarType.BFloat16;
        }
        finally
        {
            Leave(device, before);
        }
        return works && Product(x) == (before.Enabled ? (ScalarType)before.Type : ScalarType.Float32) && State(device) == before ? null : wrong;
    }

    private static ScalarType Product(Tensor x) => nn.functional.linear(x, x).dtype;
}
