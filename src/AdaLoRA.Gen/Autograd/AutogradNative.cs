using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Autograd;

/// <summary>A node: a strong and a weak native reference (<c>CSharpNodePtr</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NodePointers
{
    public readonly nint Shared;
    public readonly nint Weak;
}

/// <summary>Native tensors side by side (<c>TensorArray</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct TensorArray(nint* tensors, long count)
{
    public readonly nint* Tensors = tensors;
    public readonly long Count = count;
}

/// <summary>
/// TorchSharp's native exports for nodes of the autograd graph (<c>THSAutograd.h</c>, plain C), and for tensors without a managed object. Its managed <c>Function</c> on top of them keeps an empty
/// tensor of the output's size for every call, leaves some 4 KB of garbage, and is not put into the graph when none of its inputs requires a gradient, which is every first layer above frozen
/// embeddings.
/// </summary>
internal static unsafe partial class AutogradNative
{
    private const string Library = "LibTorchSharp";

    [ThreadStatic]
    private static nint* s_results;

    [LibraryImport(Library, EntryPoint = "THSAutograd_CSharpNode_ctor")]
    public static partial NodePointers CreateNode(nint apply, nint delete);

    [LibraryImport(Library, EntryPoint = "THSAutograd_CSharpNode_disposeSharedPtr")]
    public static partial void DisposeShared(NodePointers node);

    [LibraryImport(Library, EntryPoint = "THSAutograd_CSharpNode_disposeWeakPtr")]
    public static partial void DisposeWeak(NodePointers node);

    [LibraryImport(Library, EntryPoint = "THSAutograd_CSharpNode_setNextEdges")]
    public static partial void SetNextEdges(NodePointers node, TensorArray inputs, byte isExecutable);

    [LibraryImport(Library, EntryPoint = "THSAutograd_CSharpNode_clearInputMetadata")]
    public static partial void ClearInputMetadata(NodePointers node);

    [LibraryImport(Library, EntryPoint = "THSAutograd_SavedVariable_ctor")]
    public static partial nint Save(nint tensor, NodePointers node, byte isInPlaceOnView);

    /// <summary>A new native tensor; 0, and an error for <c>CheckForErrors</c>, when the saved one was changed in place.</summary>
    [LibraryImport(Library, EntryPoint = "THSAutograd_SavedVariable_unpack")]
    public static partial nint Unpack(nint saved, NodePointers node);

    [LibraryImport(Library, EntryPoint = "THSAutograd_SavedVariable_dispose")]
    public static partial void DisposeSaved(nint saved);

    /// <summary>Where a tensor's storage starts.</summary>
    [LibraryImport(Library, EntryPoint = "THSStorage_data_ptr")]
    public static partial nint StorageOf(nint tensor);

    /// <summary>Where a tensor's first element lies.</summary>
    [LibraryImport(Library, EntryPoint = "THSTensor_data")]
    public static partial nint Data(nint tensor);

    [LibraryImport(Library, EntryPoint = "THSTensor_ndimension")]
    public static partial long Dimensions(nint tensor);

    [LibraryImport(Library, EntryPoint = "THSTensor_is_contiguous")]
    public static partial byte IsContiguous(nint tensor);

    [LibraryImport(Library, EntryPoint = "THSTensor_detach")]
    public static partial nint Detach(nint tensor);

    [LibraryImport(Library, EntryPoint = "THSTensor_contiguous")]
    public static partial nint Contiguous(nint tensor);

    [LibraryImport(Library, EntryPoint = "THSTensor_view")]
    public static partial nint View(nint tensor, long* shape, int dimensions);

    [LibraryImport(Library, EntryPoint = "THSTensor_mm")]
    public static partial nint Multiply(nint left, nint right);

    [LibraryImport(Library, EntryPoint = "THSTensor_dispose")]
    public static partial void DisposeTensor(nint tensor);

    /// <summary>Makes tensors the outputs of a node: new native tensors on the same memory, as many as outputs, stand in <paramref name="results"/> then.</summary>
    public static void WrapOutputs(TensorArray inputs, TensorArray outputs, NodePointers node, nint* results)
    {
        s_results = results;
        WrapOutputs(inputs, default, default, outputs, node, &Allocate);
        s_results = null;
    }

    /// <summary>What the last call on this thread found wrong, in a line.</summary>
    public static string LastError() => Marshal.PtrToStringUTF8(GetLastError())?.Split('\n')[0] ?? "no reason given";

    [LibraryImport(Library, EntryPoint = "THSTorch_get_and_reset_last_err")]
    private static partial nint GetLastError();

    [LibraryImport(Library, EntryPoint = "THSAutograd_Function_wrapOutputs")]
    private static partial void WrapOutputs(TensorArray inputs, TensorArray nonDifferentiable, TensorArray dirty, TensorArray outputs, NodePointers node, delegate* unmanaged[Cdecl]<nuint, nint*> allocate);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint* Allocate(nuint count) => s_results;
}
