using System.Runtime.InteropServices;
using AdaLoRA.Gen.Native;

namespace AdaLoRA.Gen.Autograd;

/// <summary>LibTorchSharp's two pointers to a node (<c>CSharpNodePtr</c>).</summary>
internal readonly struct NodePointers
{
    public readonly nint Shared, Weak;
}

/// <summary>LibTorchSharp's list of tensor handles (<c>TensorArray</c>).</summary>
internal readonly unsafe struct TensorList(nint* handles, long count)
{
    public readonly nint* Handles = handles;
    public readonly long Count = count;
}

/// <summary>
/// The native functions behind <see cref="GraphNode"/>: those that TorchSharp's <c>autograd.Function</c> stands on (<c>THSAutograd.h</c>, plain C), and two questions that only libtorch's C++
/// interface answers. All are looked up and tried once; where one is missing, or answers wrongly, adapters go through ordinary autograd operations instead.
/// </summary>
internal static unsafe class NodeApi
{
    private static readonly Lazy<bool> Usable = new(() => Load() && GraphNodeProbe.Run());

    private static delegate* unmanaged[Cdecl]<nint, nint, NodePointers> s_create;
    private static delegate* unmanaged[Cdecl]<NodePointers, void> s_disposeShared, s_disposeWeak;
    private static delegate* unmanaged[Cdecl]<NodePointers, TensorList, byte, void> s_setNextEdges;
    private static delegate* unmanaged[Cdecl]<TensorList, TensorList, TensorList, TensorList, NodePointers, nint, void> s_wrapOutputs;
    private static delegate* unmanaged[Cdecl]<nint, NodePointers, byte, nint> s_save;
    private static delegate* unmanaged[Cdecl]<nint, NodePointers, nint> s_unpack;
    private static delegate* unmanaged[Cdecl]<nint, void> s_disposeSaved;
    private static delegate* unmanaged[Cdecl]<nint, nint> s_data, s_detach, s_contiguous;
    private static delegate* unmanaged[Cdecl]<nint, long> s_dimensions;
    private static delegate* unmanaged[Cdecl]<nint, byte> s_isContiguous;
    private static delegate* unmanaged[Cdecl]<nint, long*, int, nint> s_view;
    private static delegate* unmanaged[Cdecl]<nint, nint, nint> s_multiply;
    private static delegate* unmanaged[Cdecl]<nint, void> s_disposeTensor;
    private static delegate* unmanaged[Cdecl]<nint> s_lastError;
    private static delegate* unmanaged[Cdecl]<byte> s_keepsGraph;
    private static delegate* unmanaged[Cdecl]<nint> s_executionInfo;

    [ThreadStatic]
    private static nint s_slot;

    /// <summary>Whether everything is there and does what it should.</summary>
    public static bool IsUsable => Usable.Value;

    public static NodePointers Create(nint backward, nint deleted) => s_create(backward, deleted);

    public static void DisposeShared(NodePointers node) => s_disposeShared(node);

    public static void DisposeWeak(NodePointers node) => s_disposeWeak(node);

    public static void SetNextEdges(NodePointers node, TensorList inputs) => s_setNextEdges(node, inputs, 1);

    public static void WrapOutputs(TensorList inputs, TensorList outputs, NodePointers node, nint* result)
    {
        s_slot = (nint)result;
        s_wrapOutputs(inputs, default, default, outputs, node, (nint)(delegate* unmanaged[Cdecl]<nuint, nint*>)&Allocate);
    }

    public static nint Save(nint tensor, NodePointers node) => s_save(tensor, node, 0);

    public static nint Unpack(nint saved, NodePointers node) => s_unpack(saved, node);

    public static void DisposeSaved(nint saved) => s_disposeSaved(saved);

    public static nint Data(nint tensor) => s_data(tensor);

    public static long Dimensions(nint tensor) => s_dimensions(tensor);

    public static bool IsContiguous(nint tensor) => s_isContiguous(tensor) != 0;

    public static nint Detach(nint tensor) => s_detach(tensor);

    public static nint Contiguous(nint tensor) => s_contiguous(tensor);

    public static nint View(nint tensor, long* shape, int dimensions) => s_view(tensor, shape, dimensions);

    public static nint Multiply(nint left, nint right) => s_multiply(left, right);

    public static void DisposeTensor(nint tensor) => s_disposeTensor(tensor);

    public static bool KeepsGraph() => s_keepsGraph() != 0;

    // A backward of everything has no execution info; one of certain inputs has an entry for each node on the way. libstdc++ keeps a map's size in its fourth word.
    public static bool IsPartial() => s_executionInfo() is var map && map != 0 && ((nint*)map)[3] != 0;

    public static void ThrowLastError() => throw new AdaLoRAException(Marshal.PtrToStringUTF8(s_lastError())?.Split('\n')[0] ?? "no reason given");

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static nint* Allocate(nuint count)
    {
        // There is one output.
        return (nint*)s_slot;
    }

    private static bool Load()
    {
        // libstdc++'s layout, the Itanium ABI's names.
        if (!OperatingSystem.IsLinux()) return false;
        if (NativeBackend.Handles() is not (var binding, var torch)) return false;
        bool found = Find(binding, "THSAutograd_CSharpNode_ctor", out nint create)
            & Find(binding, "THSAutograd_CSharpNode_disposeSharedPtr", out nint disposeShared)
            & Find(binding, "THSAutograd_CSharpNode_disposeWeakPtr", out nint disposeWeak)
            & Find(binding, "THSAutograd_CSharpNode_setNextEdges", out nint setNextEdges)
            & Find(binding, "THSAutograd_Function_wrapOutputs", out nint wrapOutputs)
            & Find(binding, "THSAutograd_SavedVariable_ctor", out nint save)
            & Find(binding, "THSAutograd_SavedVariable_unpack", out nint unpack)
            & Find(binding, "THSAutograd_SavedVariable_dispose", out nint disposeSaved)
            & Find(binding, "THSTensor_data", out nint data)
            & Find(binding, "THSTensor_ndimension", out nint dimensions)
            & Find(binding, "THSTensor_is_contiguous", out nint isContiguous)
            & Find(binding, "THSTensor_detach", out nint detach)
            & Find(binding, "THSTensor_contiguous", out nint contiguous)
            & Find(binding, "THSTensor_view", out nint view)
            & Find(binding, "THSTensor_mm", out nint multiply)
            & Find(binding, "THSTensor_dispose", out nint disposeTensor)
            & Find(binding, "THSTorch_get_and_reset_last_err", out nint lastError)
            & Find(torch, "_ZN5torch8autograd33get_current_graph_task_keep_graphEv", out nint keepsGraph)
            & Find(torch, "_ZN5torch8autograd32get_current_graph_task_exec_infoEv", out nint executionInfo);
        if (!found) return false;
        s_create = (delegate* unmanaged[Cdecl]<nint, nint, NodePointers>)create;
        s_disposeShared = (delegate* unmanaged[Cdecl]<NodePointers, void>)disposeShared;
        s_disposeWeak = (delegate* unmanaged[Cdecl]<NodePointers, void>)disposeWeak;
        s_setNextEdges = (delegate* unmanaged[Cdecl]<NodePointers, TensorList, byte, void>)setNextEdges;
        s_wrapOutputs = (delegate* unmanaged[Cdecl]<TensorList, TensorList, TensorList, TensorList, NodePointers, nint, void>)wrapOutputs;
        s_save = (delegate* unmanaged[Cdecl]<nint, NodePointers, byte, nint>)save;
        s_unpack = (delegate* unmanaged[Cdecl]<nint, NodePointers, nint>)unpack;
        s_disposeSaved = (delegate* unmanaged[Cdecl]<nint, void>)disposeSaved;
        s_data = (delegate* unmanaged[Cdecl]<nint, nint>)data;
        s_dimensions = (delegate* unmanaged[Cdecl]<nint, long>)dimensions;
        s_isContiguous = (delegate* unmanaged[Cdecl]<nint, byte>)isContiguous;
        s_detach = (delegate* unmanaged[Cdecl]<nint, nint>)detach;
        s_contiguous = (delegate* unmanaged[Cdecl]<nint, nint>)contiguous;
        s_view = (delegate* unmanaged[Cdecl]<nint, long*, int, nint>)view;
        s_multiply = (delegate* unmanaged[Cdecl]<nint, nint, nint>)multiply;
        s_disposeTensor = (delegate* unmanaged[Cdecl]<nint, void>)disposeTensor;
        s_lastError = (delegate* unmanaged[Cdecl]<nint>)lastError;
        s_keepsGraph = (delegate* unmanaged[Cdecl]<byte>)keepsGraph;
        s_executionInfo = (delegate* unmanaged[Cdecl]<nint>)executionInfo;
        return true;

        static bool Find(nint library, string name, out nint address) => NativeLibrary.TryGetExport(library, name, out address);
    }
}
