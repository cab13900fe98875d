using AdaLoRA.Gen.Autograd;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Autograd;

/// <summary>Dropout on the input of an adapted layer that is one node.</summary>
public sealed unsafe class DropoutTests
{
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.93)]
    public void As_many_elements_are_dropped_as_should_be_and_the_others_scaled(double p)
    {
        const int count = 100_003;
        float[] ones = [.. Enumerable.Repeat(1f, count)], kept = new float[count], again = new float[count], sum = [.. ones];
        var mask = new DropoutMask();
        fixed (float* from = ones, to = kept, second = again, added = sum)
        {
            manual_seed(3);
            mask.Draw(from, to, count, p);
            mask.Apply(from, second, count, p);
            mask.Add(from, added, count, p);
        }
        float scale = (float)(1 / (1 - p));
        Assert.All(kept, v => Assert.True(v == 0 || v == scale));
        Assert.Equal(kept, again);
        Assert.Equal(kept.Select(v => v + 1), sum);
        double dropped = kept.Count(v => v == 0) / (double)count;
        Assert.InRange(dropped, p - 5 * Math.Sqrt(p * (1 - p) / count), p + 5 * Math.Sqrt(p * (1 - p) / count));
        // Neighbours are independent: both dropped as often as the product says.
        double pairs = kept.Zip(kept.Skip(1), (a, b) => a == 0 && b == 0).Count(both => both) / (double)count;
        Assert.InRange(pairs, p * p - 0.01, p * p + 0.01);
    }

    [Fact]
    public void Masks_follow_torchs_generator_and_differ_from_call_to_call()
    {
        float[] first = Draw(seed: 5, calls: 2), second = Draw(seed: 5, calls: 2), single = Draw(seed: 5, calls: 1);
        Assert.Equal(first, second);
        Assert.NotEqual(first, single);

        static float[] Draw(int seed, int calls)
        {
            float[] ones = [.. Enumerable.Repeat(1f, 1000)], kept = new float[1000];
            var mask = new DropoutMask();
            manual_seed(seed);
            fixed (float* from = ones, to = kept) for (int i = 0; i < calls; i++) mask.Draw(from, to, 1000, 0.3);
            return kept;
        }
    }

    [Fact]
    public void Gradients_are_those_of_the_mask_that_was_drawn()
    {
        using var scope = NewDisposeScope();
        using var block = new BranchTests.Block();
        var set = AdapterSet.Attach(block, new AdaLoRAOptions { Targets = ["layer"], Budget = 1, InitialRank = 4, Dropout = 0.4 });
        using (no_grad()) set.Adapters[0].lora_E!.fill_(1);
        set.Refold();
        block.train();
        var x = randn(6, 24).requires_grad_(true);
        var weights = randn(40);
        (Output(x) * weights).sum().backward();

        // The function is linear in x: its gradient is told by any second point.
        var step = randn(6, 24);
        double predicted = (x.grad! * step).sum().item<float>(), measured;
        using (no_grad()) measured = ((Output(x + step) - Output(x)) * weights).sum().item<float>();
        Assert.Equal(measured, predicted, 1e-3 * (1 + Math.Abs(measured)));

        // And in B.
        var arena = set.Arena;
        using (no_grad())
        {
            var change = randn(4, 40);
            var before = Output(x);
            arena.ViewBt(arena.P, 0).add_(change);
            measured = ((Output(x) - before) * weights).sum().item<float>();
            predicted = (arena.ViewBt(arena.G!, 0) * change).sum().item<float>();
        }
        Assert.Equal(measured, predicted, 1e-3 * (1 + Math.Abs(measured)));

        // And in A·E·scale.
        using (no_grad())
        {
            set.Refold();
            arena.G!.zero_();
        }
        (Output(x) * weights).sum().backward();
        using (no_grad())
        {
            var change = randn(4, 24);
            var before = Output(x);
            AdaLoRA.Gen.Arena.AdapterArena.View(arena.AE, arena.Layout.FoldedOffsets[0], 4, 24).add_(change);
            measured = ((Output(x) - before) * weights).sum().item<float>();
            predicted = (arena.ViewA(arena.G!, 0) * change).sum().item<float>();
        }
        Assert.Equal(measured, predicted, 1e-3 * (1 + Math.Abs(measured)));

        Tensor Output(Tensor input)
        {
            manual_seed(11);
            return block.call(input);
        }
    }
}
