using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// The parameters and buffers of the base model, which all instances of it share: a second instance costs what its adapter writes, not what the model weighs. Nobody writes into them; what an
/// adapter trained in full, or is merged into, an instance gets as a copy of its own first.
/// </summary>
internal sealed class SharedTensors : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    /// <summary>Takes the storage of a model as the shared one.</summary>
    public SharedTensors(nn.Module model)
    {
        using var _ = no_grad();
        foreach (var (name, tensor) in Of(model)) _tensors.Add(name, tensor.detach().DetachFromDisposeScope());
    }

    /// <summary>Lets a second instance use the shared storage; its own is freed.</summary>
    /// <exception cref="AdaLoRAException">It is not built like the first.</exception>
    public void Share(nn.Module model, string modelName)
    {
        var own = Of(model).ToList();
        string? other = own.Select(t => t.Name).Except(_tensors.Keys).Concat(_tensors.Keys.Except(own.Select(t => t.Name))).FirstOrDefault();
        if (other is not null) throw new AdaLoRAException($"UseModel made two instances of {modelName} that differ: '{other}' is in one of them only; let it make the same model each time.");
        foreach (var (name, tensor) in own)
        {
            var shared = _tensors[name];
            if (tensor.dtype != shared.dtype || !tensor.shape.SequenceEqual(shared.shape) || !tensor.device.IsSame(shared.device))
            {
                throw new AdaLoRAException($"UseModel made two instances of {modelName} that differ: '{name}' is {tensor.dtype} [{string.Join(", ", tensor.shape)}] in one and {shared.dtype} [{string.Join(", ", shared.shape)}] in the other; let it make the same model each time.");
            }
        }
        foreach (var (name, _) in own) PutBack(model, name);
    }

    /// <summary>Gives an instance a tensor of its own, with the base's values.</summary>
    public void Copy(nn.Module model, string name)
    {
        using var _ = no_grad();
        using var copy = _tensors[name].clone();
        TrainedValues.Find(model, name).set_(copy);
    }

    /// <summary>Takes an instance's own tensor away again.</summary>
    public void PutBack(nn.Module model, string name)
    {
        using var _ = no_grad();
        TrainedValues.Find(model, name).set_(_tensors[name]);
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors.Values) tensor.Dispose();
        _tensors.Clear();
    }

    private static IEnumerable<(string Name, Tensor Tensor)> Of(nn.Module model) =>
        model.named_parameters().Select(p => (p.name, (Tensor)p.parameter)).Concat(model.named_buffers().Select(b => (b.name, b.buffer)));
}
