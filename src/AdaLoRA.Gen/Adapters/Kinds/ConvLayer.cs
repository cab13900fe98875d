using AdaLoRA.Gen.Arena;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Adapters;

/// <summary>
/// <see cref="Conv1d"/>, <see cref="Conv2d"/>, <see cref="Conv3d"/>, groups and padding modes included: the weight [out, in/groups, k…] is the matrix [out, in/groups·k…]. The adapter
/// is a convolution with r filters (for every group the same ones) and a 1 × 1 convolution with B.
/// </summary>
internal sealed class ConvLayer : AdaptedLayer
{
    private readonly Convolution _layer;
    private readonly int _dimensions;

    public ConvLayer(Convolution layer) : base(layer)
    {
        _layer = layer;
        long[] shape = layer.weight.shape;
        _dimensions = shape.Length - 2;
        OutFeatures = (int)shape[0];
        InFeatures = checked((int)shape.Skip(1).Aggregate(1L, (a, b) => a * b));
    }

    public override int InFeatures { get; }

    public override int OutFeatures { get; }

    public override Tensor Weight => _layer.weight;

    private long[] Kernel => _layer.weight.shape[1..];

    public override Action Hook(Func<Tensor, Tensor, Tensor> add) => _layer.register_forward_hook((_, x, y) => add(x, y)).remove;

    public override Tensor Add(Tensor x, Tensor y, Tensor folded, Tensor bt)
    {
        using var delta = Delta(x, folded, bt);
        return y.add_(delta, Scalars.One);
    }

    public override Tensor Delta(Tensor x, Tensor folded, Tensor bt)
    {
        using var scope = NewDisposeScope();
        long rank = bt.shape[0], groups = _layer.groups;
        var filters = folded.t().reshape([rank, .. Kernel]);
        if (groups > 1) filters = filters.repeat([groups, .. Enumerable.Repeat(1L, _dimensions + 1)]);
        var hidden = Convolve(x, filters);
        var mix = bt.t().reshape([OutFeatures, rank, .. Enumerable.Repeat(1L, _dimensions)]);
        return Convolve(hidden, mix, [.. Enumerable.Repeat(1L, _dimensions)], [.. Enumerable.Repeat(0L, _dimensions)], [.. Enumerable.Repeat(1L, _dimensions)], groups).MoveToOuterDisposeScope();
    }

    public override Tensor ShapeDelta(Tensor product) => product.reshape(_layer.weight.shape);

    /// <summary>[r, in, k…]. PEFT's A knows no groups: the same filters stand once for every group's channels, the rank grows by as much.</summary>
    public override Tensor LoRAFactorA(Tensor a)
    {
        long rank = a.shape[0], groups = _layer.groups;
        var filters = a.reshape([rank, .. Kernel]);
        if (groups == 1) return filters;
        long channels = Kernel[0];
        var whole = zeros([groups * rank, groups * channels, .. Kernel[1..]], dtype: a.dtype, device: a.device);
        for (long g = 0; g < groups; g++) whole.narrow(0, g * rank, rank).narrow(1, g * channels, channels).copy_(filters);
        return whole;
    }

    /// <summary>[out, r, 1…]: PEFT's B is a grouped convolution over the groups' ranks, which is B as it is.</summary>
    public override Tensor LoRAFactorB(Tensor b) => b.reshape([b.shape[0], b.shape[1], .. Enumerable.Repeat(1L, _dimensions)]);

    public override Tensor? ReadLoRAFactorA(Tensor a)
    {
        long groups = _layer.groups;
        long[] kernel = Kernel;
        if (a.dim() != _dimensions + 2 || a.shape[0] % groups != 0 || !a.shape.AsSpan(1).SequenceEqual([kernel[0] * groups, .. kernel[1..]])) return null;
        long rank = a.shape[0] / groups;
        var first = a.narrow(0, 0, rank).narrow(1, 0, kernel[0]).reshape(rank, InFeatures);
        // Filters that mix groups, or differ between them, are no product B·A of this layer's matrix.
        if (groups > 1 && !LoRAFactorA(first).equal(a).all().item<bool>()) return null;
        return first;
    }

    public override Tensor? ReadLoRAFactorB(Tensor b) => b.dim() == _dimensions + 2 && b.shape.Skip(2).All(n => n == 1) ? b.reshape(b.shape[0], b.shape[1]) : null;

    /// <summary>As the layer itself convolves.</summary>
    private Tensor Convolve(Tensor x, Tensor filters)
    {
        if (_layer.padding_mode != PaddingModes.Zeros || (_layer.padding_type == Padding.Same && _dimensions > 0))
        {
            var mode = _layer.padding_mode == PaddingModes.Zeros ? PaddingModes.Constant : _layer.padding_mode;
            var padded = nn.functional.pad(x, Margins(), mode);
            return Convolve(padded, filters, _layer.stride, [.. Enumerable.Repeat(0L, _dimensions)], _layer.dilation, _layer.groups);
        }
        return Convolve(x, filters, _layer.stride, _layer.padding ?? [.. Enumerable.Repeat(0L, _dimensions)], _layer.dilation, _layer.groups);
    }

    /// <summary>Padding before and after, last dimension first, as <c>pad</c> takes it.</summary>
    private long[] Margins()
    {
        if (_layer.padding is { } both) return [.. both.AsEnumerable().Reverse().SelectMany(p => new[] { p, p })];
        if (_layer.padding_type != Padding.Same) return new long[2 * _dimensions];
        return [.. _layer.dilation.Zip(Kernel.Skip(1), (d, k) => d * (k - 1)).Reverse().SelectMany(total => new[] { total / 2, total - total / 2 })];
    }

    private Tensor Convolve(Tensor x, Tensor filters, long[] stride, long[] padding, long[] dilation, long groups) => _dimensions switch
    {
        1 => nn.functional.conv1d(x, filters, null, stride[0], padding[0], dilation[0], groups),
        2 => nn.functional.conv2d(x, filters, null, stride, padding, dilation, groups),
        _ => nn.functional.conv3d(x, filters, null, stride, padding, dilation, groups),
    };
}
