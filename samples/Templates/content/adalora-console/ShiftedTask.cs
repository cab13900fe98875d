using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRAConsole._1;

/// <summary>
/// What the model has to learn; put your own data in its place. A teacher that is the model itself, but for an update of rank 4 in its layer 1 and one of rank 2 in its layer 4: a budget of six triplets is enough,
/// if they are spent there.
/// </summary>
internal sealed class ShiftedTask : IDisposable
{
    private const int Examples = 4096;
    private readonly Tensor _x, _y;

    public ShiftedTask(Net model)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var teacher = new Net();
        teacher.load_state_dict(model.state_dict());
        Shift(teacher, "layers.1.weight", rank: 4);
        Shift(teacher, "layers.4.weight", rank: 2);
        _x = randn(Examples, Net.Width).DetachFromDisposeScope();
        _y = teacher.call(_x).DetachFromDisposeScope();
    }

    /// <summary>The inputs and targets of one step.</summary>
    public (Tensor X, Tensor Y) Batch(int size)
    {
        var chosen = randint(Examples, [size]);
        return (_x[chosen], _y[chosen]);
    }

    /// <summary>Mean squared error on all of the data.</summary>
    public float Error(Net model)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        return functional.mse_loss(model.call(_x), _y).item<float>();
    }

    public void Dispose()
    {
        _x.Dispose();
        _y.Dispose();
    }

    private static void Shift(Net teacher, string weight, int rank) => teacher.get_parameter(weight)!.add_(randn(Net.Width, rank).mm(randn(rank, Net.Width)) / Net.Width);
}
