using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The replica that serves, and who computes with it: a forward holds the one it began with, and an exchange ends when nobody holds the old one.</summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
internal sealed class ReplicaSwitch<TModel>
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    private readonly object _gate = new();
    private Replica<TModel>? _current;

    /// <summary>What serves; null before the start.</summary>
    public AdapterInfo? Adapter
    {
        get
        {
            lock (_gate) return _current?.Adapter;
        }
    }

    /// <summary>Holds the replica that serves, until <see cref="Release"/>.</summary>
    public Replica<TModel> Hold()
    {
        lock (_gate)
        {
            _current!.Users++;
            return _current;
        }
    }

    public void Release(Replica<TModel> replica)
    {
        lock (_gate)
        {
            if (--replica.Users == 0) Monitor.PulseAll(_gate);
        }
    }

    /// <summary>From now on <paramref name="next"/> serves.</summary>
    /// <returns>What served before.</returns>
    public Replica<TModel>? Exchange(Replica<TModel> next)
    {
        lock (_gate)
        {
            var old = _current;
            _current = next;
            return old;
        }
    }

    /// <summary>Waits until nobody computes with a replica that serves no longer.</summary>
    public void Drain(Replica<TModel> replica)
    {
        lock (_gate)
        {
            while (replica.Users > 0) Monitor.Wait(_gate);
        }
    }
}
