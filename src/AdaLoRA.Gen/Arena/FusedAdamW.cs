using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using AdaLoRA.Gen.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// libtorch's AdamW in one kernel, <c>at::_fused_adamw_</c>, called by its exported C++ name since TorchSharp has no binding. It is used on a device only after a small step there gave what the
/// formula gives; where the name is missing (another platform or build) or the result differs, callers keep to the formula.
/// </summary>
internal static unsafe class FusedAdamW
{
    private const string Symbol = "_ZN2at4_ops13_fused_adamw_4callEN3c108ArrayRefINS_6TensorEEES5_S5_S5_S5_S5_dddddbbRKSt8optionalIS4_ES9_";

    private static readonly ConcurrentDictionary<(DeviceType, int), bool> Tested = new();
    private static readonly Lazy<nint> Function = new(Find);

    /// <summary>Whether it can be used on a device; the first question for a device takes a small step there and waits for it.</summary>
    public static bool RunsOn(Device device) => device.type is DeviceType.CPU or DeviceType.CUDA && Function.Value != 0
        && Tested.GetOrAdd((device.type, device.index), static (_, d) => FusedAdamWCheck.Passes(d), device);

    /// <summary>Whether it computes what the formula does for these tensors. The kernel reads memory front to back, whatever the strides say, and in half precision it rounds at other places.</summary>
    public static bool Fits(Tensor p, Tensor g) => p.dtype is ScalarType.Float32 or ScalarType.Float64 && g.dtype == p.dtype && p.numel() > 0 && p.is_contiguous() && g.is_contiguous() && g.device.IsSame(p.device);

    /// <summary>Updates p, m and v of every part in place; gradients stay as they are.</summary>
    /// <param name="parts">At least one; of one element type and device, contiguous, none empty: a C++ exception cannot be caught here.</param>
    /// <param name="step">Number of the step from 1, a float32 scalar on the device.</param>
    /// <param name="rule">Betas and epsilon.</param>
    /// <param name="learningRate">Of all parts.</param>
    /// <param name="weightDecay">Of all parts.</param>
    /// <param name="skip">A float32 scalar on the device: at 1 nothing is written; null: never.</param>
    public static void Step(IReadOnlyList<AdamPart> parts, Tensor step, in UpdateRule rule, double learningRate, double weightDecay, Tensor? skip)
    {
        int count = parts.Count;
        var values = new nint[5 * count];
        for (int i = 0; i < count; i++)
        {
            values[i] = ValueOf(parts[i].P);
            values[count + i] = ValueOf(parts[i].G);
            values[2 * count + i] = ValueOf(parts[i].M!);
            values[3 * count + i] = ValueOf(parts[i].V!);
            values[4 * count + i] = ValueOf(step);
        }
        OptionalTensor none = default, skipped = skip is null ? default : new OptionalTensor { Value = ValueOf(skip), HasValue = 1 };
        fixed (nint* first = values)
        {
            ((delegate* unmanaged[Cdecl]<TensorList, TensorList, TensorList, TensorList, TensorList, TensorList, double, double, double, double, double, byte, byte, OptionalTensor*, OptionalTensor*, void>)Function.Value)(
                List(first, 0), List(first, 1), List(first, 2), List(first, 3), default, List(first, 4),
                learningRate, rule.Beta1, rule.Beta2, weightDecay, rule.Epsilon, 0, 0, &none, &skipped);
        }
        GC.KeepAlive(parts);
        GC.KeepAlive(step);
        GC.KeepAlive(skip);

        TensorList List(nint* start, int which) => new() { Start = start + which * count, Count = count };
    }

    // How structs of C++ are passed is known for this platform; the others export other names anyway.
    private static nint Find() =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64 && NativeBackend.TryGetExport(Symbol, out nint address) ? address : 0;

    // A TorchSharp handle points to an at::Tensor, which is one pointer to its implementation.
    private static nint ValueOf(Tensor tensor) => *(nint*)tensor.Handle;

    /// <summary>c10::ArrayRef&lt;at::Tensor&gt;.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct TensorList
    {
        public nint* Start;
        public nint Count;
    }

    /// <summary>std::optional&lt;at::Tensor&gt;.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OptionalTensor
    {
        public nint Value;
        public byte HasValue;
    }
}

/// <summary>A tensor that is trained, its gradient and its moments (AdamW), all of one shape.</summary>
internal readonly record struct AdamPart(Tensor P, Tensor G, Tensor? M, Tensor? V);
