namespace AdaLoRA.Gen.Checkpointing;

/// <summary>
/// Where a checkpoint leaves what stopped it in backward: an exception must not leave a node of the graph, libtorch ends the process. One for each thread that runs checkpoints, so
/// that models trained side by side do not take each other's; backward itself may run on a thread of libtorch's.
/// </summary>
internal sealed class CheckpointFailure
{
    [ThreadStatic]
    private static CheckpointFailure? s_ofThread;

    private Exception? _first;

    public static CheckpointFailure OfThread => s_ofThread ??= new();

    public bool IsPending => Volatile.Read(ref _first) is not null;

    public void Keep(Exception error) => Interlocked.CompareExchange(ref _first, error, null);

    /// <summary>Checkpoints that the present thread runs inside a recomputation report to the thread that ran the outer one.</summary>
    /// <returns>What the thread reported to before; hand it to <see cref="Leave"/>.</returns>
    public CheckpointFailure? Enter()
    {
        var before = s_ofThread;
        s_ofThread = this;
        return before;
    }

    public static void Leave(CheckpointFailure? before) => s_ofThread = before;

    public static void ThrowIfAny()
    {
        if (s_ofThread is not { } failure || Interlocked.Exchange(ref failure._first, null) is not { } error) return;
        throw new AdaLoRAException($"A checkpoint failed when backward computed it again, so the gradients are incomplete; call zero_grad() before going on. {error.Message}", error);
    }
}
