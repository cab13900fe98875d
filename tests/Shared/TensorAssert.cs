using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Testing;

/// <summary>Compares tensors and says how far apart they are.</summary>
internal static class TensorAssert
{
    /// <summary>Largest absolute difference is within the tolerance.</summary>
    internal static void Close(Tensor expected, Tensor actual, double tolerance, string what = "tensor")
    {
        Assert.Equal(expected.shape, actual.shape);
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        double difference = expected.numel() == 0 ? 0 : (expected - actual).abs().max().item<float>();
        Assert.True(difference <= tolerance, $"{what} differs by {difference:E2}, more than {tolerance:E0}");
    }
}
