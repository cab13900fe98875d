using System.Runtime.InteropServices;
using static AdaLoRA.Gen.Autograd.AutogradNative;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Autograd;

/// <summary>
/// A node of torch's graph whose backward is managed code: one output of an input and, where the layer below trains something itself, of that layer's own output, to
/// which gradients pass unchanged. Lean where TorchSharp's own <c>Function</c> is general: an object is made once and used for one graph after another (the callbacks that native code holds are made with it), a call makes no garbage, and no output is held twice. CPU only: backward runs on the thread that asked for it.
/// </summary>
internal abstract unsafe class GraphNode
{
    [ThreadStatic]
    private static Returned? s_returned;

    private readonly BackwardCallback _backward;
    private readonly DeletedCallback _deleted;
    private readonly nint _backwardPointer;
    private readonly nint _deletedPointer;
    private readonly nint* _result = (nint*)NativeMemory.AllocZeroed(2, (nuint)sizeof(nint));
    private NodePointers _node;
    private readonly nint[] _saved = new nint[3];
    private bool _passesOn;
    private GCHandle _self;

    protected GraphNode()
    {
        _backward = OnBackward;
        _deleted = OnDeleted;
        _backwardPointer = Marshal.GetFunctionPointerForDelegate(_backward);
        _deletedPointer = Marshal.GetFunctionPointerForDelegate(_deleted);
    }

    ~GraphNode() => NativeMemory.Free(_result);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate TensorArray BackwardCallback(nint* gradients, int count);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void DeletedCallback();

    /// <summary>Lets go of the gradients that the last backward on this thread returned: torch has taken them over when anything else runs.</summary>
    public static void ReleaseReturned() => s_returned?.Release();

    /// <summary>Makes this the node that <paramref name="output"/> comes from, and saves what backward reads. Not to be called again before <see cref="Released"/>.</summary>
    /// <param name="input">What the output was computed from.</param>
    /// <param name="below">Gets the gradient of the output as it is; null where nobody wants it.</param>
    /// <param name="weight">Also saved: a write into it before backward is found by <see cref="IsUnchanged"/>.</param>
    /// <param name="factors">As <paramref name="weight"/>.</param>
    /// <param name="output">A tensor without a graph; disposed, what is returned takes its place.</param>
    protected Tensor Attach(Tensor input, Tensor? below, Tensor weight, Tensor factors, NativeTensor output)
    {
        _passesOn = below is not null;
        _node = CreateNode(_backwardPointer, _deletedPointer);
        if (_node.Shared == 0) throw LastError();
        _self = GCHandle.Alloc(this);
        nint* from = stackalloc nint[] { input.Handle, below?.Handle ?? 0 };
        nint to = output.Handle, result = 0;
        var inputs = new TensorArray(from, _passesOn ? 2 : 1);
        SetNextEdges(_node, inputs, 1);
        WrapOutputs(inputs, new TensorArray(&to, 1), _node, &result);
        var failure = result == 0 ? LastError() : null;
        for (int i = 0; i < _saved.Length && failure is null; i++)
        {
            _saved[i] = Save(i switch { Slot.Input => *from, Slot.Weight => weight.Handle, _ => factors.Handle }, _node, 0);
            if (_saved[i] == 0) failure = LastError();
        }
        // The graph alone keeps the node alive from here on.
        DisposeShared(_node);
        GC.KeepAlive(input);
        GC.KeepAlive(below);
        output.Dispose();
        GC.KeepAlive(weight);
        GC.KeepAlive(factors);
        if (failure is not null)
        {
            new NativeTensor(result).Dispose();
            throw failure;
        }
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>The input that was saved; the caller disposes it.</summary>
    /// <exception cref="AdaLoRAException">It was changed in place since, or let go of.</exception>
    protected NativeTensor Input()
    {
        if (_saved[Slot.Input] == 0) throw new AdaLoRAException("the graph was already used by a backward without retain_graph");
        nint input = Unpack(_saved[Slot.Input], _node);
        if (input == 0) throw LastError();
        return new NativeTensor(input);
    }

    /// <summary>Whether what was saved has not been written since.</summary>
    /// <param name="slot">Of <see cref="Slot"/>.</param>
    protected bool IsUnchanged(int slot)
    {
        if (_saved[slot] == 0) return true;
        var saved = new NativeTensor(Unpack(_saved[slot], _node));
        saved.Dispose();
        if (!saved.Exists) _ = AutogradNative.LastError();
        return saved.Exists;
    }

    /// <summary>Lets go of what was saved, so that its memory is free while the rest of the backward runs.</summary>
    protected void DropSaved()
    {
        for (int i = 0; i < _saved.Length; i++)
        {
            if (_saved[i] != 0) DisposeSaved(_saved[i]);
            _saved[i] = 0;
        }
    }

    /// <summary>dL/d input, new; none where the input needs no gradient. Runs without gradient mode. What it throws goes to <see cref="Failed"/>: native code cannot carry it.</summary>
    /// <param name="gradient">dL/d output; stays the caller's.</param>
    protected abstract NativeTensor Backward(NativeTensor gradient);

    /// <summary>What stands for the gradient of the input where backward failed: NaN, so that nothing below trains on a gradient that is missing; none where the input needs none.</summary>
    protected abstract NativeTensor Poison();

    /// <summary>A backward could not be computed.</summary>
    protected abstract void Failed(Exception exception);

    /// <summary>The graph is gone: the object may be used again. May come on the finalizer's thread.</summary>
    protected abstract void Released();

    private static AdaLoRAException LastError() => new(AutogradNative.LastError());

    private TensorArray OnBackward(nint* gradients, int count)
    {
        ReleaseReturned();
        _result[0] = _result[1] = 0;
        var gradient = count == 1 ? new NativeTensor(gradients[0]) : default;
        try
        {
            if (gradient.Exists) _result[0] = Backward(gradient).Handle;
        }
        catch (Exception e)
        {
            Failed(e);
            _result[0] = TryPoison().Handle;
        }
        if (_passesOn) _result[1] = gradient.Handle;
        else gradient.Dispose();
        (s_returned ??= new Returned()).Keep(_result[0], _result[1]);
        return new TensorArray(_result, _passesOn ? 2 : 1);
    }

    private NativeTensor TryPoison()
    {
        try
        {
            return Poison();
        }
        catch (Exception e)
        {
            Failed(e);
            return default;
        }
    }

    private void OnDeleted()
    {
        try
        {
            DropSaved();
            DisposeWeak(_node);
            _node = default;
            _self.Free();
            Released();
        }
        catch (Exception e)
        {
            Failed(e);
        }
    }

    /// <summary>What is saved for backward.</summary>
    protected static class Slot
    {
        public const int Input = 0, Weight = 1, Factors = 2;
    }

    /// <summary>Gradients that native code was given and copies as the call returns; of a thread that ends, the finalizer lets go.</summary>
    private sealed class Returned
    {
        private NativeTensor _first, _second;

        ~Returned() => Release();

        public void Keep(nint first, nint second) => (_first, _second) = (new NativeTensor(first), new NativeTensor(second));

        public void Release()
        {
            _first.Dispose();
            _second.Dispose();
            (_first, _second) = (default, default);
        }
    }
}
