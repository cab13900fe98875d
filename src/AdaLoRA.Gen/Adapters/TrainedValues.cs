using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Adapters;

/// <summary>
/// The fully trained parameters of a set: what they were before it came, and, while it is switched off, what it made of them. Costs a copy of those parameters.
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
        values[name] = _model.get_parameter(name)!.detach().clone().DetachFromDisposeScope();
    }

    private void Write(string name, Tensor value)
    {
        using var _ = no_grad();
        _model.get_parameter(name)!.copy_(value);
    }

    private static void Forget(Dictionary<string, Tensor> values)
    {
        foreach (var value in values.Values) value.Dispose();
        values.Clear();
    }
}
