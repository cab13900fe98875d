using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// The parameters that are trained in full beside the adapters (a head, say). Few and ordinary, so they are updated one by one; remembered by name, since <c>.to()</c>
/// replaces Parameter objects.
/// </summary>
internal sealed class TrainableParameters : IDisposable
{
    private readonly List<Entry> _entries = [];
    private readonly bool _hasMoments;

    public TrainableParameters(nn.Module model, IEnumerable<string> names, OptimizerKind kind)
    {
        _hasMoments = kind == OptimizerKind.AdamW;
        foreach (string name in names) _entries.Add(new Entry(model, name));
    }

    public bool IsEmpty => _entries.Count == 0;

    public IEnumerable<Parameter> Parameters => _entries.Select(e => e.Current());

    /// <summary>Name, parameter and moments of each entry that has seen a gradient.</summary>
    public IEnumerable<(string Name, Parameter Parameter, Tensor? M, Tensor? V)> States => _entries.Select(e => (e.Name, e.Current(), e.M, e.V));

    /// <summary>‖g‖₂ of each that has a gradient, scalars of the given type and device; made inside the caller's dispose scope.</summary>
    public IEnumerable<Tensor> Norms(ScalarType dtype, Device device)
    {
        foreach (var entry in _entries)
        {
            if (entry.Current().grad is { } g) yield return linalg.norm(g.to(dtype, device));
        }
    }

    /// <summary>Scales the gradients, updates, and zeroes the gradients.</summary>
    /// <param name="factors">The step's rule.</param>
    /// <param name="gradientScale">On every gradient; null: 1.</param>
    /// <param name="bad">True in a step that changes nothing; null: it is known to be good.</param>
    /// <param name="learningRate">Of all of them.</param>
    /// <param name="weightDecay">Of all of them.</param>
    public void Update(UpdateFactors factors, Tensor? gradientScale, Tensor? bad, Rate learningRate, double weightDecay)
    {
        var parts = new List<AdamPart>(_entries.Count);
        foreach (var entry in _entries)
        {
            var p = entry.Current();
            if (p.grad is not { } g) continue;
            entry.EnsureMoments(p, _hasMoments);
            if (gradientScale is not null) g.mul_(gradientScale);
            if (bad is not null) g.masked_fill_(bad, Scalars.Zero);
            parts.Add(new AdamPart(p, g, entry.M, entry.V));
        }
        if (parts.Count == 0) return;
        factors.Update(parts, learningRate, weightDecay);
        foreach (var part in parts) part.G.zero_();
    }

    /// <summary>Makes the moments of those entries that a saved state has moments for.</summary>
    public void PrepareMoments(Func<string, bool> has)
    {
        foreach (var entry in _entries) entry.EnsureMoments(entry.Current(), _hasMoments && has(entry.Name));
    }

    /// <summary>Those that have a gradient, be it zero.</summary>
    public IEnumerable<string> NamesWithGradient
    {
        get
        {
            foreach (var entry in _entries)
            {
                using var g = entry.Current().grad;
                if (g is not null) yield return entry.Name;
            }
        }
    }

    /// <summary>Gives the named ones a gradient of zero and the others none.</summary>
    public void RestoreGradients(IReadOnlyCollection<string> names)
    {
        foreach (var entry in _entries)
        {
            using var zero = names.Contains(entry.Name) ? zeros_like(entry.Current()).detach() : null;
            entry.Current().grad = zero!;
        }
    }

    public void ZeroGradients()
    {
        foreach (var entry in _entries)
        {
            using var g = entry.Current().grad;
            g?.zero_();
        }
    }

    public void Dispose()
    {
        foreach (var entry in _entries) entry.Dispose();
    }

    private sealed class Entry(nn.Module model, string name) : IDisposable
    {
        private Parameter? _current;

        public string Name => name;

        public Tensor? M { get; private set; }

        public Tensor? V { get; private set; }

        public Parameter Current()
        {
            if (_current is null || _current.IsInvalid)
            {
                _current = model.get_parameter(name) ?? throw new AdaLoRAException($"The trained parameter '{name}' is gone from the model; create the optimizer anew after changing its modules.");
            }
            return _current;
        }

        public void EnsureMoments(Tensor p, bool hasMoments)
        {
            if (!hasMoments) return;
            M = Fit(M, p);
            V = Fit(V, p);
        }

        public void Dispose()
        {
            M?.Dispose();
            V?.Dispose();
        }

        private static Tensor Fit(Tensor? moment, Tensor p)
        {
            if (moment is null) return zeros_like(p).detach().DetachFromDisposeScope();
            if (moment.dtype == p.dtype && moment.device.IsSame(p.device)) return moment;
            var moved = moment.to(p.dtype, p.device).DetachFromDisposeScope();
            moment.Dispose();
            return moved;
        }
    }
}
