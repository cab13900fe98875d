using AdaLoRA.Gen.Autograd;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Autograd;

/// <summary>Corners of the one node, each once wrong or deadly. float64 takes ordinary operations: what is done to one model is done to both.</summary>
public sealed unsafe class BranchCornersTests
{
    [Fact]
    public void A_hook_that_came_before_the_adapter_belongs_to_the_graph() => SameInputGradient(m => m.first.register_forward_hook((_, _, y) => y * 3), hookFirst: true);

    [Fact]
    public void A_hook_that_comes_first_after_a_second_attach_belongs_to_the_graph() => SameInputGradient(m =>
    {
        var set = Attach(m);
        m.first.register_forward_hook((_, _, y) => y * 3);
        set.Detach();
    }, hookFirst: true);

    [Fact]
    public void A_hook_that_came_after_the_adapter_belongs_to_the_graph() => SameInputGradient(m => m.first.register_forward_hook((_, _, y) => y * 3), hookFirst: false);

    [Fact]
    public void An_output_that_an_earlier_hook_captured_stays_its_own()
    {
        using var scope = NewDisposeScope();
        using var model = new Two(ScalarType.Float32);
        Tensor? kept = null;
        model.first.register_forward_hook((_, _, y) => kept = y);
        Attach(model);
        model.call(Input(ScalarType.Float32)).sum().backward();
        Assert.True(float.IsFinite(kept!.sum().item<float>()));
    }

    [Theory]
    [InlineData(44)]
    [InlineData(30)]
    public void A_layer_of_another_size_than_its_adapter_is_no_heap_overflow(int outputs)
    {
        using var scope = NewDisposeScope();
        using var model = new Two(ScalarType.Float32);
        Attach(model);
        model.first.weight = new Parameter(zeros(outputs, 24), false);
        model.first.bias = new Parameter(zeros(outputs), false);
        Assert.ThrowsAny<Exception>(() => model.first.call(randn(50, 24)));
        using var _ = no_grad();
        Assert.ThrowsAny<Exception>(() => model.first.call(randn(50, 24)));
    }

    [Fact]
    public void A_merge_between_forward_and_backward() => Refused((m, s, x) =>
    {
        var loss = m.call(x).sum();
        s.Merge();
        loss.backward();
        s.Unmerge();
    }, "the layer's weight was changed between forward and backward; merge, quantise or load after it");

    [Fact]
    public void A_base_weight_written_between_forward_and_backward() => Refused((m, _, x) =>
    {
        var loss = m.call(x).sum();
        using (no_grad()) m.first.weight.mul_(3);
        loss.backward();
    }, "the layer's weight was changed between forward and backward");

    [Fact]
    public void A_base_weight_replaced_between_forward_and_backward() => Refused((m, _, x) =>
    {
        var loss = m.call(x).sum();
        m.first.weight = new Parameter(m.first.weight.detach().clone(), false);
        loss.backward();
    }, "the layer's weight was changed between forward and backward");

    [Fact]
    public void A_factor_written_between_forward_and_backward() => Refused((m, s, x) =>
    {
        var loss = m.call(x).sum();
        using (no_grad()) s.Adapters[0].lora_B.mul_(3);
        loss.backward();
    }, "the adapters' factors were written between forward and backward");

    [Fact]
    public void Switching_modes_between_forward_and_backward_is_allowed()
    {
        using var scope = NewDisposeScope();
        using var model = new Two(ScalarType.Float32);
        var set = Attach(model);
        var loss = model.call(Input(ScalarType.Float32)).sum();
        model.eval();
        model.train();
        loss.backward();
        set.RequireBackward();
    }

    [Fact]
    public void A_failed_backward_gives_NaN_below_and_does_not_end_the_process()
    {
        using var scope = NewDisposeScope();
        using var model = new Two(ScalarType.Float32);
        var set = Attach(model);
        var x = Input(ScalarType.Float32);
        Assert.True(autograd.grad([model.call(x).square().sum()], [x], create_graph: true)[0].isnan().all().item<bool>());
        Assert.Contains("create_graph", Assert.Throws<AdaLoRAException>(set.RequireBackward).Message);

        var hidden = x * 1;
        var loss = model.call(hidden).sum() + (x * 0.001).sum();
        hidden.add_(1);
        loss.backward();
        Assert.True(x.grad!.isnan().all().item<bool>());
    }

    [Fact]
    public void A_failure_of_a_set_that_nobody_trains_is_thrown_by_the_next_forward()
    {
        using var scope = NewDisposeScope();
        using var model = new Two(ScalarType.Float32);
        Attach(model);
        var x = Input(ScalarType.Float32);
        model.call(x).square().sum().backward(create_graph: true);
        Assert.Contains("create_graph", Assert.Throws<AdaLoRAException>(() => model.call(x)).Message);
        model.call(x).sum().backward();
    }

    [Fact]
    public void An_inference_tensor_is_refused_in_forward()
    {
        using var scope = NewDisposeScope();
        using var model = new Two(ScalarType.Float32);
        Attach(model);
        Tensor x;
        using (inference_mode()) x = randn(6, 24);
        Assert.Contains("nference", Assert.Throws<AdaLoRAException>(() => model.call(x)).Message);
    }

    [Fact]
    public void Trained_modules_keep_nothing_of_a_failed_pass()
    {
        using var scope = NewDisposeScope();
        using var model = new Two(ScalarType.Float32);
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Targets = ["first"], Trainable = ["second"], Budget = 1, InitialRank = 4, InitialWarmup = 1, FinalWarmup = 1 });
        using var optimizer = set.CreateOptimizer(10, 0.01);
        var hidden = Input(ScalarType.Float32) * 1;
        var loss = model.call(hidden).sum();
        hidden.add_(1);
        loss.backward();
        Assert.NotEqual(0, model.second.weight.grad!.abs().max().item<float>());
        Assert.Throws<AdaLoRAException>(() => optimizer.step());
        Assert.Equal(0, model.second.weight.grad!.abs().max().item<float>());
    }

    [Fact]
    public void Zero_grad_throws_a_failed_pass_away()
    {
        using var scope = NewDisposeScope();
        using var model = new Two(ScalarType.Float32);
        using var optimizer = Attach(model).CreateOptimizer(10, 0.01);
        var x = Input(ScalarType.Float32);
        model.call(x).square().sum().backward(create_graph: true);
        optimizer.zero_grad();
        model.call(x).square().sum().backward();
        optimizer.step();
        Assert.Equal(1, optimizer.StepsCompleted);
    }

    [Fact]
    public void Two_threads_backward_through_one_model_lose_nothing()
    {
        using var scope = NewDisposeScope();
        using var model = new Two(ScalarType.Float32);
        var set = Attach(model);
        using var x = randn(512, 24);
        double once = Gradients(1), twice = Gradients(2);
        Assert.Equal(once, twice, 1e-4 * once);

        double Gradients(int threads)
        {
            using (no_grad()) set.Arena.G!.zero_();
            var running = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
            {
                for (int i = 0; i < 400 / threads; i++)
                {
                    using var inner = NewDisposeScope();
                    model.call(x).sum().backward();
                }
            })).ToList();
            running.ForEach(t => t.Start());
            running.ForEach(t => t.Join());
            return set.Arena.G!.abs().sum().item<float>();
        }
    }

    [Fact]
    public void A_buffer_that_could_not_grow_is_what_it_was()
    {
        var buffer = new FloatBuffer();
        float* first = buffer.Reserve(1 << 10);
        first[1023] = 7;
        Assert.Throws<OutOfMemoryException>(() => { _ = buffer.Reserve(1L << 50); });
        Assert.True(first == buffer.Reserve(1 << 10));
        Assert.Equal(7, first[1023]);
    }

    [Fact]
    public void The_probe_does_not_depend_on_what_is_set_for_the_moment()
    {
        var before = get_default_dtype();
        set_default_dtype(ScalarType.Float64);
        try
        {
            Assert.Equal(GraphTask.IsUsable, GraphNodeProbe.Run());
            using var mode = inference_mode();
            Assert.Equal(GraphTask.IsUsable, GraphNodeProbe.Run());
        }
        finally
        {
            set_default_dtype(before);
        }
    }

    private static void SameInputGradient(Action<Two> hook, bool hookFirst)
    {
        Assert.Equal(Run(ScalarType.Float64), Run(ScalarType.Float32), 1e-4);

        double Run(ScalarType type)
        {
            using var scope = NewDisposeScope();
            using var model = new Two(type);
            if (hookFirst) hook(model);
            foreach (var p in model.parameters()) p.requires_grad = false;
            Attach(model);
            if (!hookFirst) hook(model);
            var x = Input(type);
            model.first.call(x).sum().backward();
            return x.grad!.to(ScalarType.Float64).abs().sum().item<double>();
        }
    }

    private static void Refused(Action<Two, AdapterSet, Tensor> use, string sentence)
    {
        using var scope = NewDisposeScope();
        using var model = new Two(ScalarType.Float32);
        var set = Attach(model);
        use(model, set, Input(ScalarType.Float32));
        Assert.Contains(sentence, Assert.Throws<AdaLoRAException>(set.RequireBackward).Message);
        Assert.Equal(0, set.Arena.G!.abs().max().item<float>());
    }

    private static AdapterSet Attach(Two model)
    {
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Targets = ["first", "second"], Budget = 2, InitialRank = 4, InitialWarmup = 1, FinalWarmup = 1 });
        using var _ = no_grad();
        foreach (var adapter in set.Adapters)
        {
            int seed = 0;
            foreach (var p in adapter.parameters()) p.copy_(Numbers(p.shape, ++seed).to(p.dtype));
        }
        set.Refold();
        return set;
    }

    private static Tensor Input(ScalarType type) => Numbers([6, 24], 3).to(type).requires_grad_(true);

    private static Tensor Numbers(long[] shape, int seed)
    {
        using var generator = new Generator((ulong)seed);
        return empty(shape).normal_(0, 0.3, generator);
    }

    private sealed class Two : Module<Tensor, Tensor>
    {
        public readonly Linear first, second;

        public Two(ScalarType type) : base(nameof(Two))
        {
            first = Linear(24, 40, dtype: type);
            second = Linear(40, 24, dtype: type);
            RegisterComponents();
            using var _ = no_grad();
            int seed = 10;
            foreach (var (_, p) in named_parameters()) p.copy_(Numbers(p.shape, ++seed).to(type));
        }

        public override Tensor forward(Tensor x) => second.call(functional.gelu(first.call(x)));
    }
}
