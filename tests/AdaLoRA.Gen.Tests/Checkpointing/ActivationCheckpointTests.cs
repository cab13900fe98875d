using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Checkpointing;

/// <summary>Values, gradients and random numbers of a checkpoint are those of its body.</summary>
public sealed class ActivationCheckpointTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Tensor _w = Normal(1, 6, 6);
    private readonly Tensor _x = Normal(2, 4, 6);

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Input_and_captured_parameter_get_the_gradients_of_the_body()
    {
        Tensor Body(Tensor x) => nn.functional.gelu(x.mm(_w)).square();
        var (y, dx, dw) = Gradients(() => Body(_x));
        Assert.Equal((y, dx, dw), Gradients(() => ActivationCheckpoint.Run(Body, _x)));
    }

    [Fact]
    public void A_body_over_an_input_without_gradient_still_trains_what_it_captures()
    {
        _x.requires_grad = false;
        Tensor Body(Tensor x) => x.mm(_w).tanh();
        var (y, _, dw) = Gradients(() => Body(_x));
        Assert.Equal((y, "", dw), Gradients(() => ActivationCheckpoint.Run(Body, _x)));
    }

    [Fact]
    public void Several_inputs_of_any_type_and_several_results()
    {
        var index = tensor(new long[] { 3, 0, 1 });
        IReadOnlyList<Tensor> Body(IReadOnlyList<Tensor> t) => [t[0].index_select(0, t[1]).mm(t[2]), t[1] + 1, t[0].exp(), t[0].sin()];
        Tensor Loss(IReadOnlyList<Tensor> y)
        {
            Assert.Equal([4, 1, 2], y[1].data<long>().ToArray());
            // The last result is not used: its gradient is undefined.
            return y[0].sum() + y[2].square().sum();
        }
        var expected = Gradients(() => Loss(Body([_x, index, _w])));
        Assert.Equal(expected, Gradients(() => Loss(ActivationCheckpoint.Run(Body, [_x, index, _w]))));
        Assert.Equal(Gradients(() => _x.mm(_w)), Gradients(() => ActivationCheckpoint.Run(t => t[0].mm(t[1]), [_x, _w])));
    }

    [Fact]
    public void A_body_may_return_its_input_a_view_of_it_or_something_else()
    {
        Assert.Equal(Gradients(() => _x * 2), Gradients(() => ActivationCheckpoint.Run(x => x, _x) * 2));
        Assert.Equal(Gradients(() => _x.t() * 2), Gradients(() => ActivationCheckpoint.Run(x => x.t(), _x) * 2));
        Assert.Equal(Gradients(() => _w * 2), Gradients(() => ActivationCheckpoint.Run(_ => _w, _x) * 2));
        Assert.True(_w.is_leaf);
        var (y, dx, dw) = Gradients(() => ActivationCheckpoint.Run(_ => ones(2, 2), _x));
        Assert.Equal((4f, "", ""), (float.Parse(y.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) * 4, dx, dw));
    }

    [Fact]
    public void What_changes_the_result_in_place_changes_neither_input_nor_captured_tensor()
    {
        byte[] x = Bits(_x), w = Bits(_w);
        Tensor Changed(Func<Tensor, Tensor> body) => ActivationCheckpoint.Run(body, _x).mul_(3);
        Assert.Equal(Gradients(() => _x * 3), Gradients(() => Changed(t => t)));
        Assert.Equal(Gradients(() => _x.mm(_w) * 3), Gradients(() => Changed(t => t.mm(_w))));
        Assert.Equal(x, Bits(_x));
        Assert.Equal(w, Bits(_w));
    }

    [Fact]
    public void Without_gradients_the_body_just_runs()
    {
        int runs = 0;
        using var _ = no_grad();
        var y = ActivationCheckpoint.Run(x => { runs++; return x.mm(_w); }, _x);
        Assert.Equal((1, false), (runs, y.requires_grad));
    }

    [Fact]
    public void A_graph_that_is_kept_computes_again_for_every_backward()
    {
        int runs = 0;
        Tensor Body(Tensor x) { runs++; return x.mm(_w).tanh(); }
        var loss = ActivationCheckpoint.Run(Body, _x).sum();
        loss.backward(retain_graph: true);
        var once = _w.grad!.clone();
        loss.backward();
        Assert.Equal(3, runs);
        Assert.Equal(Bits(once * 2), Bits(_w.grad!));
    }

    [Fact]
    public void Checkpoints_nest()
    {
        Tensor Inner(Tensor x) => nn.functional.dropout(x.mm(_w).tanh(), 0.4);
        Tensor Plain(Tensor x) => Inner(nn.functional.dropout(Inner(x), 0.2));
        Tensor Nested(Tensor x) => ActivationCheckpoint.Run(Inner, nn.functional.dropout(ActivationCheckpoint.Run(Inner, x), 0.2));
        var expected = Seeded(() => Plain(_x));
        Assert.Equal(expected, Seeded(() => Nested(_x)));
        Assert.Equal(expected, Seeded(() => ActivationCheckpoint.Run(Nested, _x)));
        Assert.Equal(expected, Seeded(() => ActivationCheckpoint.Run(t => ActivationCheckpoint.Run(Nested, t), _x)));
    }

    [Fact]
    public void Random_numbers_are_drawn_again_and_go_on_behind_backward()
    {
        Tensor Body(Tensor x) => nn.functional.dropout(x.mm(_w), 0.5) + randn(4, 6);
        var expected = Seeded(() => Body(_x));
        Assert.Equal(expected, Seeded(() => ActivationCheckpoint.Run(Body, _x)));
        var other = Seeded(() => ActivationCheckpoint.Run(Body, _x, preserveRandomState: false));
        Assert.Equal(expected.Gradients.Y, other.Gradients.Y);
        Assert.NotEqual(expected.Gradients.Dw, other.Gradients.Dw);
        Assert.NotEqual(expected.Next, other.Next);
    }

    [Fact]
    public void Module_hooks_and_parameters_take_part()
    {
        using var module = nn.Linear(6, 6);
        module.register_forward_hook((_, _, y) => y * 2);
        var (y, dx, _) = Gradients(() => module.call(_x));
        byte[] dw = Bits(module.weight.grad!);
        module.weight.grad!.zero_();
        var (y2, dx2, _) = Gradients(() => module.CallCheckpointed(_x));
        Assert.Equal((y, dx), (y2, dx2));
        Assert.Equal(dw, Bits(module.weight.grad!));
    }

    [Fact]
    public void Live_tensors_are_those_of_the_result_alone()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        using (NewDisposeScope())
        {
            var y = ActivationCheckpoint.Run(x => x.mm(_w).tanh(), _x);
            Assert.Equal(before + 1, Tensor.TotalCount);
            y.sum().backward();
        }
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void The_result_belongs_to_the_callers_dispose_scope()
    {
        Tensor y;
        using (NewDisposeScope()) y = ActivationCheckpoint.Run(x => x.mm(_w), _x);
        Assert.True(y.IsInvalid);
    }

    /// <summary>Bits of a result and of the gradients of <see cref="_x"/> and <see cref="_w"/>; empty where there is none.</summary>
    private (string Y, string Dx, string Dw) Gradients(Func<Tensor> forward)
    {
        using var scope = NewDisposeScope();
        (_x.grad, _w.grad) = (null, null);
        var y = forward();
        if (y.requires_grad) y.sum().backward();
        ActivationCheckpoint.ThrowIfFailed();
        return (Text(y), Text(_x.grad), Text(_w.grad));
    }

    private ((string Y, string Dx, string Dw) Gradients, float Next) Seeded(Func<Tensor> forward)
    {
        manual_seed(7).Dispose();
        return (Gradients(forward), rand(1).item<float>());
    }

    private static string Text(Tensor? t) => t is null ? "" : string.Join(' ', t.detach().contiguous().data<float>().Select(v => v.ToString("R", System.Globalization.CultureInfo.InvariantCulture)));

    private static byte[] Bits(Tensor t) => t.detach().contiguous().bytes.ToArray();

    private static Tensor Normal(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, generator: generator).requires_grad_(true);
    }
}
