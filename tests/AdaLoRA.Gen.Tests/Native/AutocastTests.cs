using AdaLoRA.Gen.Native;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Native;

/// <summary>On the device that the machine has: CUDA where there is one, else the CPU.</summary>
public class AutocastTests
{
    private static readonly DeviceType Here = cuda.is_available() ? DeviceType.CUDA : DeviceType.CPU;

    public AutocastTests(ITestOutputHelper output) => output.WriteLine($"on {Here}");

    [Fact]
    public void Products_are_bfloat16_within_and_float32_again_after()
    {
        Assert.True(Autocast.IsAvailable(Here));
        Assert.Equal(ScalarType.Float32, Product());
        using (Autocast.Enter(Here))
        {
            Assert.True(Autocast.IsEnabled(Here));
            Assert.Equal(ScalarType.BFloat16, Product());
        }
        Assert.False(Autocast.IsEnabled(Here));
        Assert.Equal(ScalarType.Float32, Product());
    }

    [Fact]
    public void Scopes_nest_and_each_restores_what_it_found()
    {
        using (Autocast.Enter(Here))
        {
            using (Autocast.Enter(Here, ScalarType.Float16)) Assert.Equal(ScalarType.Float16, Product());
            Assert.Equal(ScalarType.BFloat16, Product());
        }
        Assert.Equal(ScalarType.Float32, Product());
        // The type that libtorch starts with is back, too.
        var switches = AutocastSwitches.For(Here, out _)!;
        var before = switches.State(Here);
        using (Autocast.Enter(Here, ScalarType.Float16)) { }
        Assert.Equal(before, switches.State(Here));
    }

    [Fact]
    public void An_exception_restores_it()
    {
        void Fail()
        {
            using var scope = Autocast.Enter(Here);
            throw new InvalidDataException();
        }
        Assert.Throws<InvalidDataException>(Fail);
        Assert.Equal(ScalarType.Float32, Product());
    }

    [Fact]
    public void It_is_the_threads_own()
    {
        ScalarType elsewhere = default;
        using (Autocast.Enter(Here))
        {
            var other = new Thread(() => elsewhere = Product());
            other.Start();
            other.Join();
            Assert.Equal(ScalarType.BFloat16, Product());
        }
        Assert.Equal(ScalarType.Float32, elsewhere);
    }

    [Fact]
    public void A_trained_weight_is_cast_anew_in_every_scope()
    {
        // libtorch keeps the cast of a trained weight within a scope; kept longer it would hide every step.
        using var scope = NewDisposeScope();
        var weight = ones([2, 2], device: new Device(Here), requires_grad: true);
        var x = ones([1, 2], device: new Device(Here));
        Assert.True(weight.is_leaf && weight.requires_grad);
        float Call() => x.mm(weight).sum().to(ScalarType.Float32).item<float>();
        using (var on = Autocast.Enter(Here))
        {
            Assert.Equal(4, Call());
            using (no_grad()) weight.mul_(2);
            // Within a scope the change does not show: there is something to drop.
            Assert.Equal(4, Call());
        }
        using (var on = Autocast.Enter(Here)) Assert.Equal(8, Call());
    }

    [Fact]
    public void What_is_missing_is_said_in_one_sentence()
    {
        Assert.Null(AutocastSwitches.Find(0));
        Assert.Null(AutocastSwitches.Find(NativeBackend.Libtorch(), "_ZN2at9autocast1"));
        Assert.NotNull(AutocastSwitches.Find(NativeBackend.Libtorch()));
        Assert.False(Autocast.IsAvailable(DeviceType.META));
        var e = Assert.Throws<AdaLoRAException>(() => { using var scope = Autocast.Enter(DeviceType.META); });
        Assert.Equal("Autocast is not available on META, since it was tried on CPU and CUDA only: compute in full precision, or load the model's weights in bfloat16.", e.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => { using var scope = Autocast.Enter(Here, ScalarType.Float64); });
    }

    [Fact]
    public void A_machine_without_CUDA_says_so()
    {
        if (Here == DeviceType.CUDA)
        {
            Assert.True(Autocast.IsAvailable(DeviceType.CUDA));
            return;
        }
        var e = Assert.Throws<AdaLoRAException>(() => { using var scope = Autocast.Enter(DeviceType.CUDA); });
        Assert.StartsWith("Autocast is not available on CUDA, since libtorch finds no CUDA device:", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("linear", 2)]
    [InlineData("linear", 3)]
    [InlineData("conv", 4)]
    [InlineData("embedding", 2)]
    public void An_adapter_computes_with_bfloat16_and_its_gradients_are_float32(string kind, int dimensions)
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(3);
        var device = new Device(Here);
        nn.Module<Tensor, Tensor> layer = kind switch
        {
            "linear" => nn.Linear(24, 16),
            "conv" => nn.Conv2d(3, 8, 3),
            _ => nn.Embedding(10, 16),
        };
        var x = (kind, dimensions) switch
        {
            ("embedding", _) => randint(0, 10, [4, 5]),
            ("conv", _) => randn(2, 3, 6, 6),
            (_, 2) => randn(5, 24),
            _ => randn(2, 5, 24),
        };
        var model = new OneLayer(layer);
        using var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 3, InitialRank = 3, Targets = ["layer"] });
        model.to(Here);
        x = x.to(device);
        using (no_grad())
        {
            set.Adapters[0].lora_E!.normal_(0, 1);
            set.Adapters[0].lora_B.normal_(0, 1);
        }
        set.Refold();
        var (exact, exactGradient) = Compute(full: true);
        var (cast, castGradient) = Compute(full: false);
        // A product of length n in bfloat16: rounding of both factors (2⁻⁹ each) and of the result; the base of an Embedding is not cast.
        double most = exact.abs().max().item<float>() * 0.03, mostGradient = exactGradient.abs().max().item<float>() * 0.03;
        Assert.InRange((exact - cast).abs().max().item<float>(), float.Epsilon, most);
        Assert.InRange((exactGradient - castGradient).abs().max().item<float>(), float.Epsilon, mostGradient);

        (Tensor Y, Tensor G) Compute(bool full)
        {
            set.Arena.G!.zero_();
            Tensor y;
            using (var on = full ? default : Autocast.Enter(Here)) y = model.call(x);
            Assert.Equal(full || kind == "embedding" ? ScalarType.Float32 : ScalarType.BFloat16, y.dtype);
            y.to(ScalarType.Float32).square().mean().backward();
            Assert.Equal(ScalarType.Float32, set.Arena.G.dtype);
            Assert.All(set.Arena.FoldedLeaves.Concat(set.Arena.BLeaves), leaf => Assert.Equal(ScalarType.Float32, leaf!.dtype));
            return (y.detach().to(ScalarType.Float32), set.Arena.G.clone());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Training_under_it_learns_and_keeps_everything_float32(bool aten)
    {
        double[] exact = Losses(bf16: false), cast = Losses(bf16: true);
        Assert.NotEqual(exact, cast);
        Assert.InRange(cast[^1], 0, 0.5 * cast[0]);
        Assert.InRange(cast[^1] / exact[^1], 0.8, 1.25);

        double[] Losses(bool bf16)
        {
            using var scope = NewDisposeScope();
            using var generator = manual_seed(1);
            using var model = new Mlp();
            using var set = AdapterSet.Attach(model, Mlp.Options);
            if (Here == DeviceType.CUDA) model.to(Here);
            void Configure(AdaLoRAOptimizerOptions o) => o.LearningRate = 1e-2;
            var configured = new AdaLoRAOptimizerOptions();
            Configure(configured);
            using var optimizer = aten ? set.CreateAtenOptimizer(60, configured) : set.CreateOptimizer(60, configure: Configure);
            var x = randn([32, 12], device: new Device(Here));
            var target = x.narrow(1, 0, 3);
            var losses = new List<double>();
            long live = 0;
            for (int step = 0; step < 60; step++)
            {
                using var inner = NewDisposeScope();
                optimizer.zero_grad();
                Tensor loss;
                using (var on = bf16 ? Autocast.Enter(Here) : default) loss = nn.functional.mse_loss(model.call(x).to(ScalarType.Float32), target);
                loss.backward();
                optimizer.step();
                losses.Add(loss.item<float>());
                inner.Dispose();
                if (step == 30) live = Tensor.TotalCount;
                else if (step > 30) Assert.Equal(live, Tensor.TotalCount);
            }
            Assert.All(model.parameters(), p => Assert.Equal(ScalarType.Float32, p.dtype));
            Assert.Equal(ScalarType.Float32, optimizer.State.M!.dtype);
            return [.. losses];
        }
    }

    private static ScalarType Product()
    {
        using var scope = NewDisposeScope();
        var x = ones(2, 2, device: new Device(Here));
        return nn.functional.linear(x, x).dtype;
    }
}
