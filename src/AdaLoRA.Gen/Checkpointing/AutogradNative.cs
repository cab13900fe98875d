using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Checkpointing;

/// <summary>
/// TorchSharp's native exports for nodes of the autograd graph. Its managed <c>Function</c> on top of them keeps an empty tensor of the output's size for every call, as much as a checkpoint
/// itself keeps, and a function none of whose inputs requires a gradient is not put into the graph, which is every first layer above frozen embeddings.
/// </summary>
internal static unsafe partial class AutogradNative
{
    private const string Library = "LibTorchSharp";

    [ThreadStatic]
    private static nint* s_results;

    /// <summary>A node: a strong and a weak native reference.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct NodePointers
    {
        public nint Shared;
        public nint Weak;
    }

    /// <summary>Native tensors side by side.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TensorArray(nint* tensors, long count)
    {
        public nint* Tensors = tensors;
        public long Count = count;
    }

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

    [LibraryImport(Library, EntryPoint = "THSAutograd_Function_wrapOutputs")]
    private static partial void WrapOutputs(TensorArray inputs, TensorArray nonDifferentiable, TensorArray dirty, TensorArray outputs, NodePointers node, delegate* unmanaged[Cdecl]<nuint, nint*> allocate);

    /// <summary>Makes tensors the outputs of a node: new native tensors on the same memory, as many as outputs, stand in <paramref name="results"/> then.</summary>
    public static void WrapOutputs(TensorArray inputs, TensorArray outputs, NodePointers node, nint* results)
    {
        s_results = results;
        WrapOutputs(inputs, default, default, outputs, node, &Allocate);
        s_results = null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint* Allocate(nuint count) => s_results;
}
