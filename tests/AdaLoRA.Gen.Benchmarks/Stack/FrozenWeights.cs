using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Stack;

/// <summary>Weights, inputs and targets that every variant of one shape shares: the same memory, so that no variant runs on luckier addresses.</summary>
internal sealed class FrozenWeights : IDisposable
{
    private const int Batches = 4;
    private readonly Tensor[] _weights;
    private readonly Tensor[] _biases;
    private readonly Tensor[] _inputs = new Tensor[Batches];
    private readonly Tensor[] _targets = new Tensor[Batches];

    /// <param name="shape">Sizes.</param>
    /// <param name="device">Where all lies. Default: the CPU.</param>
    /// <param name="dtype">Type of weights, inputs and targets. Default: float32.</param>
    public FrozenWeights(StackShape shape, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        (Shape, Device, DType) = (shape, device ?? CPU, dtype);
        manual_seed(1);
        _weights = new Tensor[shape.Targets];
        _biases = new Tensor[shape.Targets];
        for (int i = 0; i < shape.Targets; i++)
        {
            var (inputs, outputs) = SizeOf(i);
            _weights[i] = Keep(() => randn(outputs, inputs).mul_((Scalar)(1 / Math.Sqrt(inputs))));
            _biases[i] = Keep(() => randn(outputs).mul_((Scalar)0.02));
        }
        for (int i = 0; i < Batches; i++)
        {
            _inputs[i] = Keep(() => randn(shape.Tokens, shape.Hidden));
            _targets[i] = Keep(() => randn(shape.Tokens, shape.Hidden));
        }
    }

    public StackShape Shape { get; }

    public Device Device { get; }

    public ScalarType DType { get; }

    public Tensor Weight(int target) => _weights[target];

    public Tensor Bias(int target) => _biases[target];

    public Tensor Input(int step) => _inputs[step % Batches];

    public Tensor Target(int step) => _targets[step % Batches];

    /// <summary>Order inside a layer: query, key, value, output, up, down.</summary>
    public (int Inputs, int Outputs) SizeOf(int target) => (target % StackShape.TargetsPerLayer) switch
    {
        4 => (Shape.Hidden, Shape.FeedForward),
        5 => (Shape.FeedForward, Shape.Hidden),
        _ => (Shape.Hidden, Shape.Hidden),
    };

    public void Dispose()
    {
        foreach (var t in (IEnumerable<Tensor>)[.. _weights, .. _biases, .. _inputs, .. _targets]) t.Dispose();
    }

    private Tensor Keep(Func<Tensor> make)
    {
        using var scope = NewDisposeScope();
        // Made on the CPU, so that every device gets the same numbers.
        return make().to(DType, Device).DetachFromDisposeScope();
    }
}
