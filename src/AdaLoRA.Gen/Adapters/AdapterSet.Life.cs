using AdaLoRA.Gen.Adapters;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>What a set lives through after it was attached: switched on and off, merged, taken off.</summary>
public sealed partial class AdapterSet
{
    private readonly Dictionary<Adapter, Tensor> _unmerged = [];
    private TrainedValues? _trained;
    private bool _keepsCopies;

    /// <summary>Whether this is the set that is switched on. One set of a model is, at most.</summary>
    public bool IsActive { get; private set; }

    /// <summary>Whether ΔW is in the base weights.</summary>
    public bool IsMerged { get; private set; }

    /// <summary>Whether the hooks add anything.</summary>
    internal bool IsComputing => IsActive && !IsMerged;

    /// <summary>Whether the set is on its model.</summary>
    internal bool IsAttached => _attached;

    /// <summary>
    /// Switches this set on and the one that was on off. What a set trained in full beside its adapters (a head) goes with it. Costs a copy of those modules and nothing else.
    /// </summary>
    /// <exception cref="AdaLoRAException">The set was detached, or another one is merged.</exception>
    public void Activate()
    {
        RequireAttached();
        if (IsActive) return;
        foreach (var other in All(_model))
        {
            if (other.IsMerged) throw new AdaLoRAException($"The adapters '{other.Name}' of {_modelName} are merged into its weights; call Unmerge() on them before switching to '{Name}'.");
        }
        foreach (var other in All(_model)) other.Deactivate();
        _trained?.PutIn();
        IsActive = true;
    }

    /// <summary>Switches the set off: the model computes what it did before the set came, its fully trained modules included.</summary>
    /// <exception cref="AdaLoRAException">The set is merged.</exception>
    public void Deactivate()
    {
        if (!IsActive) return;
        if (IsMerged) throw new AdaLoRAException($"The adapters '{Name}' of {_modelName} are merged into its weights; call Unmerge() before switching them off.");
        _trained?.TakeOut();
        IsActive = false;
    }

    /// <summary>Switches the set off until the result is disposed. A merged set is unmerged for that time.</summary>
    /// <returns>Switches the set back on; disposing it twice does nothing.</returns>
    public IDisposable Disable()
    {
        RequireAttached();
        bool merged = IsMerged, active = IsActive;
        if (merged) Unmerge();
        Deactivate();
        return new Scope(() =>
        {
            if (!_attached) return;
            if (active) Activate();
            if (merged) Merge(_keepsCopies);
        });
    }

    /// <summary>
    /// Adds ΔW to the base weights, so that the model costs exactly what the base model costs. The weights as they were are kept (one copy of each adapted weight) for an
    /// exact <see cref="Unmerge"/>.
    /// </summary>
    /// <param name="keepCopies">False saves those copies; <see cref="Unmerge"/> then subtracts ΔW again, which is exact but for rounding: a few units in the last place of the weight.</param>
    /// <exception cref="AdaLoRAException">The set is switched off, a weight is int8, is used in a second place (tied), or would become NaN or infinite; nothing is changed then.</exception>
    public void Merge(bool keepCopies = true)
    {
        RequireAttached();
        if (IsMerged) return;
        if (!IsActive) throw new AdaLoRAException($"The adapters '{Name}' of {_modelName} are switched off; call Activate() before Merge().");
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var merged = new Dictionary<Adapter, Tensor>();
        foreach (var adapter in _adapters.Where(a => a.InitialRank > 0))
        {
            if (SharedWeights.WhyShared(_model, adapter) is { } why) throw new AdaLoRAException($"{why}: merging '{adapter.Path}' would change both places; leave the adapter unmerged, or untie the weights.");
            if (adapter.Layer.WhyUnmergeable is { } unmergeable) throw new AdaLoRAException($"The weight of '{adapter.Path}' {unmergeable}.");
            var sum = Sum(adapter, 1);
            if (!sum.isfinite().all().item<bool>()) throw new AdaLoRAException($"Merging would make the weight of '{adapter.Path}' NaN or infinite; nothing was merged: look for a diverged training.");
            merged.Add(adapter, sum);
        }
        foreach (var (adapter, sum) in merged)
        {
            if (keepCopies) _unmerged[adapter] = adapter.Layer.Weight.detach().clone().DetachFromDisposeScope();
            adapter.Layer.Weight.copy_(sum);
        }
        // A hook that adds nothing still costs a call.
        RemoveHooks();
        IsMerged = true;
        _keepsCopies = keepCopies;
    }

    /// <summary>Takes ΔW out of the base weights again: bit for bit where <see cref="Merge"/> kept copies.</summary>
    public void Unmerge()
    {
        if (!IsMerged) return;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var quantized = _adapters.Find(a => a.InitialRank > 0 && a.Layer.WhyUnmergeable is not null);
        if (quantized is not null) throw new AdaLoRAException($"'{quantized.Path}' was made int8 while the adapters '{Name}' were merged into it, so they cannot be taken out again: call Dequantize() on the layer before, or MergeAndDetach() before quantising.");
        foreach (var adapter in _adapters.Where(a => a.InitialRank > 0))
        {
            if (_unmerged.TryGetValue(adapter, out var weight)) adapter.Layer.Weight.copy_(weight);
            else adapter.Layer.Weight.copy_(Sum(adapter, -1));
        }
        ForgetCopies();
        // TorchSharp keeps hooks in a dictionary, where the last place that was freed is filled first: they run before those of the user's that came later, as they did.
        Hook();
        IsMerged = false;
    }

    /// <summary>Merges and takes the set off: what stays is a plain model with the trained weights in it.</summary>
    /// <exception cref="AdaLoRAException">As <see cref="Merge"/>.</exception>
    public void MergeAndDetach()
    {
        Merge(keepCopies: false);
        IsMerged = false;
        Detach();
    }

    /// <summary>
    /// Takes the adapters off the model: hooks, child module and storage are gone, and what was frozen is trainable again. A merged set is unmerged first. The values of fully trained modules stay as they
    /// were trained when the set was active.
    /// </summary>
    public void Detach()
    {
        if (!_attached) return;
        Unmerge();
        bool wasActive = IsActive;
        Restore();
        // What stays in the model is the base that other sets go back to.
        if (wasActive) foreach (var other in All(_model)) other._trained?.BaseChanged(CarriedNames);
        base.Dispose();
    }

    /// <summary>As <see cref="Detach"/>: a set that is disposed by itself does not leave a dead module in its model.</summary>
    public new void Dispose()
    {
        if (_attached) Detach();
        else base.Dispose();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (_attached) RemoveHooks();
            _attached = false;
            foreach (var adapter in _adapters) adapter.Dispose();
            Arena.Dispose();
            ForgetCopies();
            _trained?.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>W ± ΔW, added in the adapters' type and rounded once.</summary>
    private static Tensor Sum(Adapter adapter, int sign)
    {
        var delta = adapter.DeltaWeight();
        var weight = adapter.Layer.Weight.detach();
        using var alpha = ((double)sign).ToScalar();
        return weight.to(delta.dtype).add(delta, alpha).to(weight.dtype);
    }

    /// <summary>Takes off the model what attaching put there, as far as it came.</summary>
    private void Restore()
    {
        _attached = false;
        IsActive = false;
        RemoveHooks();
        if (_model.named_children().Any(c => ReferenceEquals(c.module, this))) _model.register_module(OwnModuleName, null!);
        foreach (string name in _frozen) SetGrad(name, true);
        foreach (string name in _thawed) SetGrad(name, false);

        void SetGrad(string name, bool trained)
        {
            // A weight that was made int8 meanwhile stays frozen.
            if (_model.get_parameter(name) is { } p && p.is_floating_point()) p.requires_grad = trained;
        }
    }

    private void RemoveHooks()
    {
        foreach (var remove in _removeHooks.Values) remove();
        _removeHooks.Clear();
    }

    private void ForgetCopies()
    {
        foreach (var copy in _unmerged.Values) copy.Dispose();
        _unmerged.Clear();
    }

    private void RequireAttached()
    {
        if (!_attached) throw new AdaLoRAException($"The adapters '{Name}' of {_modelName} were detached; attach or load them again.");
    }

    private sealed class Scope(Action end) : IDisposable
    {
        private Action? _end = end;

        public void Dispose()
        {
            _end?.Invoke();
            _end = null;
        }
    }
}
