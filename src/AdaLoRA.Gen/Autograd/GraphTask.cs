using AdaLoRA.Gen.Native;

namespace AdaLoRA.Gen.Autograd;

/// <summary>
/// Two questions about the backward under way that only libtorch's C++ interface answers. Its exports are looked up and tried once; where one is missing or answers wrongly (another operating system,
/// another libtorch), adapters go through ordinary autograd operations instead of a <see cref="GraphNode"/>.
/// </summary>
internal static unsafe class GraphTask
{
    private static readonly Lazy<bool> Usable = new(() => Load() && GraphNodeProbe.Run());

    private static delegate* unmanaged[Cdecl]<byte> s_keepsGraph;
    private static delegate* unmanaged[Cdecl]<nint> s_executionInfo;

    /// <summary>Whether the answers are there and right.</summary>
    public static bool IsUsable => Usable.Value;

    /// <summary>Whether it was called with <c>retain_graph: true</c>.</summary>
    public static bool KeepsGraph => s_keepsGraph() != 0;

    /// <summary>Whether it was asked for the gradients of certain tensors only (<c>autograd.grad</c>): nothing else may change then.</summary>
    // A backward of everything has no execution info; one of certain inputs has an entry for each node on the way. libstdc++ keeps a map's size in its fourth word.
    public static bool IsPartial => s_executionInfo() is var map && map != 0 && ((nint*)map)[3] != 0;

    private static bool Load()
    {
        // libstdc++'s layout, the Itanium ABI's names.
        if (!OperatingSystem.IsLinux()) return false;
        if (!NativeBackend.TryGetExport("_ZN5torch8autograd33get_current_graph_task_keep_graphEv", out nint keepsGraph)) return false;
        if (!NativeBackend.TryGetExport("_ZN5torch8autograd32get_current_graph_task_exec_infoEv", out nint executionInfo)) return false;
        s_keepsGraph = (delegate* unmanaged[Cdecl]<byte>)keepsGraph;
        s_executionInfo = (delegate* unmanaged[Cdecl]<nint>)executionInfo;
        return true;
    }
}
