using System.Runtime.InteropServices;
using AdaLoRA.Gen.Autograd;
using TorchSharp;
using static AdaLoRA.Gen.Autograd.AutogradNative;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Checkpointing;

/// <summary>
/// A node of the autograd graph that keeps the inputs of a body and runs it again in backward. Gradients of what the body captures reach their leaves through a backward within the
/// node's; those of the inputs are handed on. Lives as long as the graph holds it.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "libtorch says when the node is deleted, and that frees what it owns.")]
internal sealed unsafe class CheckpointNode
{
    /// <summary>The last answer of this thread: libtorch copies an answer as it returns, so it is free by the next call.</summary>
    [ThreadStatic]
    private static Answer? s_given;

    private readonly Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> _body;
    private readonly CheckpointFailure _failure = CheckpointFailure.OfThread;
    private readonly ApplyCallback _apply;
    private readonly DeleteCallback _delete;
    private readonly NodePointers _node;
    private readonly nint[] _saved;
    private readonly InputKind[] _inputs;
    private GCHandle _self;
    private RandomState? _random;
    private bool _isUsed;
    private Answer? _answer;
    private Autocasts _autocasts;

    private CheckpointNode(Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> body, Tensor[] inputs)
    {
        _body = body;
        _inputs = Array.ConvertAll(inputs, x => new InputKind(x.requires_grad ? x.shape : null, x.dtype, x.device));
        _saved = new nint[inputs.Length];
        (_apply, _delete) = (Apply, Delete);
        _self = GCHandle.Alloc(this);
        _node = CreateNode(Marshal.GetFunctionPointerForDelegate(_apply), Marshal.GetFunctionPointerForDelegate(_delete));
        CheckForErrors();
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate TensorArray ApplyCallback(nint* gradients, int count);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void DeleteCallback();

    /// <summary>Runs a body without a graph and puts a node in its place.</summary>
    public static Tensor[] Run(Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> body, Tensor[] inputs, bool preserveRandomState)
    {
        var node = new CheckpointNode(body, inputs);
        try
        {
            return Array.ConvertAll(node.Forward(inputs, preserveRandomState), Tensor.UnsafeCreateTensor);
        }
        finally
        {
            // From here on the graph holds the node, or nobody does.
            DisposeShared(node._node);
        }
    }

    private nint[] Forward(Tensor[] inputs, bool preserveRandomState)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        nint[] handles = Array.ConvertAll(inputs, x => x.Handle);
        fixed (nint* native = handles)
        {
            var array = new TensorArray(native, handles.Length);
            // Executable whatever the inputs are: the body may hold adapters although nothing below it trains.
            SetNextEdges(_node, array, 1);
            CheckForErrors();
            ClearInputMetadata(_node);
            // Saved before the body runs, so that a change that it makes is seen.
            for (int i = 0; i < handles.Length; i++)
            {
                _saved[i] = Save(handles[i], _node, 0);
                CheckForErrors();
            }
            _autocasts = Autocasts.OfThread();
            if (preserveRandomState) _random = RandomState.Capture(onCuda: cuda.is_available());
            var outputs = _body([.. inputs.Select((x, i) => Alias(x, i))]);
            if (_random is not null && !_random.MayHaveMoved()) ForgetRandom();
            for (int i = 0; i < _saved.Length; i++) RequireUnchanged(i);

            HashSet<nint> storages = [.. inputs.Select(x => StorageOf(x.Handle))];
            // A tensor of its own for the node to own; one that shares an input's memory would pass a later change in place on to it.
            var plain = outputs.Select(y => storages.Contains(StorageOf(y.Handle)) ? y.clone() : y.detach()).ToArray();
            nint[] results = new nint[plain.Length], given = Array.ConvertAll(plain, y => y.Handle);
            fixed (nint* from = given, to = results) WrapOutputs(array, new TensorArray(from, given.Length), _node, to);
            CheckForErrors();
            GC.KeepAlive(inputs);
            return results;
        }
    }

    /// <summary>Backward's callback. Nothing may leave it but a result.</summary>
    private TensorArray Apply(nint* gradients, int count)
    {
        s_given?.Dispose();
        _answer?.Dispose();
        var outer = _failure.Enter();
        // Backward may run on a thread of libtorch's, which has no scope; and what is computed again must not outlive this call.
        var scope = NewDisposeScope();
        try
        {
            var incoming = new Tensor?[count];
            for (int i = 0; i < count; i++) incoming[i] = gradients[i] == 0 ? null : Tensor.UnsafeCreateTensor(gradients[i]);
            _answer = new Answer(_failure.IsPending ? Poison() : Recompute(incoming));
        }
        catch (Exception error)
        {
            _failure.Keep(error);
            _answer = TryPoison();
        }
        try
        {
            scope.Dispose();
        }
        catch (Exception error)
        {
            _failure.Keep(error);
        }
        CheckpointFailure.Leave(outer);
        s_given = _answer;
        return _answer.Native;
    }

    private Tensor?[] Recompute(Tensor?[] incoming)
    {
        if (is_grad_enabled()) throw new AdaLoRAException("Second derivatives (create_graph) do not go through a checkpoint; leave it out where they are needed.");
        if (GraphTask.IsUsable && GraphTask.IsPartial) throw new AdaLoRAException("autograd.grad and backward(inputs: …) do not reach through a checkpoint, whose parameters would get gradients, too; call backward() or leave the checkpoint out.");
        if (_isUsed) throw new AdaLoRAException("The graph of a checkpoint was already used by a backward without retain_graph; run the forward again.");
        using var _ = enable_grad();
        var inputs = _saved.Select((saved, i) => Alias(Unpacked(saved), i)).ToArray();
        var outputs = _autocasts.Run(() => _random is null ? _body(inputs) : _random.Replay(() => _body(inputs)));
        if (outputs.Count != incoming.Length) throw new AdaLoRAException($"The body of a checkpoint gave {incoming.Length} tensors in forward and {outputs.Count} in backward; it must compute the same both times.");
        var reached = Enumerable.Range(0, outputs.Count).Where(i => incoming[i] is not null && outputs[i].requires_grad).ToArray();
        if (reached.Length > 0) autograd.backward([.. reached.Select(i => outputs[i])], [.. reached.Select(i => incoming[i]!)]);
        if (GraphTask.IsUsable && !GraphTask.KeepsGraph) ForgetInputs();
        return [.. inputs.Select(x => x.requires_grad ? x.grad : null)];
    }

    /// <summary>An input as the body sees it: its own tensor on the same memory and the same count of changes, the start of a graph of its own.</summary>
    private Tensor Alias(Tensor x, int i) => _inputs[i].Shape is null ? x.detach() : x.detach().requires_grad_(true);

    private Tensor Unpacked(nint saved)
    {
        nint handle = Unpack(saved, _node);
        CheckForErrors();
        return Tensor.UnsafeCreateTensor(handle);
    }

    private void RequireUnchanged(int i)
    {
        try
        {
            Unpacked(_saved[i]).Dispose();
        }
        catch (ExternalException changed)
        {
            throw new AdaLoRAException($"The body of a checkpoint changes its input {i} in place, so it cannot be computed again from it; let the body work on a clone.", changed);
        }
    }

    /// <summary>NaN for every input: nothing below may train on a gradient that is missing.</summary>
    private Tensor?[] Poison() => [.. _inputs.Select(x => x.Shape is null ? null : full(x.Shape, double.NaN, dtype: x.DType, device: x.Device))];

    private Answer TryPoison()
    {
        try
        {
            return new Answer(Poison());
        }
        catch (Exception error)
        {
            _failure.Keep(error);
            // One undefined gradient for each input.
            return new Answer(new Tensor?[_inputs.Length]);
        }
    }

    /// <summary>The graph is gone; on whichever thread its last tensor went.</summary>
    private void Delete()
    {
        try
        {
            ForgetInputs();
            DisposeWeak(_node);
            ForgetRandom();
            _answer?.Dispose();
        }
        finally
        {
            _self.Free();
        }
    }

    private void ForgetInputs()
    {
        _isUsed = true;
        for (int i = 0; i < _saved.Length; i++)
        {
            if (_saved[i] != 0) DisposeSaved(_saved[i]);
            _saved[i] = 0;
        }
    }

    private void ForgetRandom() => Interlocked.Exchange(ref _random, null)?.Dispose();

    /// <summary>What an input is; without a shape, it gets no gradient.</summary>
    private readonly record struct InputKind(long[]? Shape, ScalarType DType, Device Device);

    /// <summary>Gradients handed to libtorch, with the array that points to them. The node and its thread both free it.</summary>
    private sealed class Answer : IDisposable
    {
        private Tensor?[]? _tensors;

        public Answer(Tensor?[] tensors)
        {
            _tensors = tensors;
            nint* native = (nint*)NativeMemory.Alloc((nuint)tensors.Length, (nuint)sizeof(nint));
            for (int i = 0; i < tensors.Length; i++) native[i] = tensors[i]?.DetachFromDisposeScope().Handle ?? 0;
            Native = new TensorArray(native, tensors.Length);
        }

        public TensorArray Native { get; }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _tensors, null) is not { } tensors) return;
            foreach (var tensor in tensors) tensor?.Dispose();
            NativeMemory.Free(Native.Tensors);
        }
    }
}
