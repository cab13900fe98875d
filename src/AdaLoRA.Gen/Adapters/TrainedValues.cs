using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Adapters;

/// <summary>
/// The base parameters and buffers that go with a set: what they were before it came, and, while it is switched off, what it made of them. Costs a copy of those parameters.
/// </summary>
internal sealed class TrainedValues : IDisposable
{
    private readonly nn.Module _model;
    private readonly Dictionary<string, Tensor> _before = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tensor> _own = new(StringComparer.Ordinal);

    /// <summary>Remembers the present values as those of the base model.</summary>
    public TrainedValues(nn.Module model, IEnumerable<string> names)
    {
        _model = model;
        foreach (string name in names) Keep(_before, name);
    }

    /// <summary>Puts the set's own values into the model.</summary>
    public void PutIn()
    {
        foreach (var (name, value) in _own) Write(name, value);
        Forget(_own);
    }

    /// <summary>Puts the base model's values back.</summary>
    public void TakeOut()
    {
        foreach (string name in _before.Keys) Keep(_own, name);
        foreach (var (name, value) in _before) Write(name, value);
    }

    /// <summary>The model's present values of these names are the base's from now on.</summary>
    public void BaseChanged(IEnumerable<string> names)
    {
        foreach (string name in names.Where(_before.ContainsKey).ToList())
        {
            _before[name].Dispose();
            Keep(_before, name);
        }
    }

    /// <summary>Whether a value is another than the base's.</summary>
    public bool Differs(string name, Tensor value)
    {
        using var scope = NewDisposeScope();
        var before = _before[name].cpu();
        return before.dtype != value.dtype || !before.shape.SequenceEqual(value.shape) || before.ne(value).any().item<bool>();
    }

    /// <summary>A parameter or buffer of a model.</summary>
    public static Tensor Find(nn.Module model, string name) => TryFind(model, name) ?? throw new AdaLoRAException($"'{name}' is gone from the model; attach the adapters anew after changing its modules.");

    /// <summary>A parameter or buffer of a model; null when there is none.</summary>
    public static Tensor? TryFind(nn.Module model, string name) => (Tensor?)model.get_parameter(name) ?? model.get_buffer(name);

    /// <summary>The set's value of a parameter, whether the set is switched on or off.</summary>
    public Tensor? Own(string name) => _own.GetValueOrDefault(name);

    public void Dispose()
    {
        Forget(_before);
        Forget(_own);
    }

    private void Keep(Dictionary<string, Tensor> values, string name)
    {
        using var _ = no_grad();
        values[name] = Find(_model, name).detach().clone().DetachFromDisposeScope();
    }

    private void Write(string name, Tensor value)
    {
        using var _ = no_grad();
        Find(_model, name).copy_(value);
    }

    private static void Forget(Dictionary<string, Tensor> values)
    {
        foreach (var value in values.Values) value.Dispose();
        values.Clear();
    }
}
