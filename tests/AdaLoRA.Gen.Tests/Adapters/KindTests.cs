using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Adapters;

/// <summary>Every kind of layer: the adapter's forward is the layer with W + ΔW, its gradients are those of autograd through ΔW, and folders go round.</summary>
public sealed class KindTests
{
    private static readonly Dictionary<string, (Func<nn.Module<Tensor, Tensor>> Layer, Func<Tensor> Input)> Kinds = new()
    {
        ["linear 2-D"] = (() => nn.Linear(6, 5), () => randn(3, 6)),
        ["linear 4-D"] = (() => nn.Linear(6, 5), () => randn(2, 3, 2, 6)),
        ["linear 1-D"] = (() => nn.Linear(6, 5), () => randn(6)),
        ["transposed"] = (() => new TransposedLinear(6, 5), () => randn(3, 6)),
        ["transposed 3-D without bias"] = (() => new TransposedLinear(6, 5, hasBias: false), () => randn(2, 3, 6)),
        ["quantizable 3-D"] = (() => new QuantizableLinear(6, 5), () => randn(2, 3, 6)),
        ["quantizable embedding"] = (() => new QuantizableEmbedding(7, 5), () => randint(0, 7, [2, 4])),
        ["embedding"] = (() => nn.Embedding(7, 5), () => randint(0, 7, [2, 4])),
        ["embedding of one index"] = (() => nn.Embedding(7, 5), () => tensor(3L)),
        ["conv1d"] = (() => nn.Conv1d(4, 6, 3, stride: 2, padding: 1), () => randn(2, 4, 9)),
        ["conv1d same, dilated"] = (() => nn.Conv1d(4, 6, 4, padding: Padding.Same, dilation: 2), () => randn(2, 4, 9)),
        ["conv2d"] = (() => nn.Conv2d(4, 6, 3, padding: 1), () => randn(2, 4, 7, 6)),
        ["conv2d unbatched"] = (() => nn.Conv2d(4, 6, 3), () => randn(4, 7, 6)),
        ["conv2d in two groups"] = (() => nn.Conv2d(4, 6, 3, groups: 2, stride: 2), () => randn(2, 4, 7, 6)),
        ["conv2d depthwise"] = (() => nn.Conv2d(5, 10, 3, groups: 5, padding: 1), () => randn(2, 5, 6, 6)),
        ["conv2d reflect"] = (() => nn.Conv2d(4, 6, (3L, 5L), padding: (1L, 2L), padding_mode: PaddingModes.Reflect), () => randn(2, 4, 7, 6)),
        ["conv2d circular, dilated"] = (() => nn.Conv2d(4, 6, (3L, 3L), padding: (2L, 1L), dilation: (2L, 1L), padding_mode: PaddingModes.Circular), () => randn(2, 4, 7, 6)),
        ["conv3d in groups"] = (() => nn.Conv3d(4, 6, 2, groups: 2, padding: 1), () => randn([1, 4, 3, 4, 3])),
    };

    public static TheoryData<string> Names => [.. Kinds.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_forward_is_the_layer_with_the_delta_in_its_weight(string kind)
    {
        using var scope = NewDisposeScope();
        var (model, set, x) = Make(kind);
        var found = model.call(x);
        set.Deactivate();
        var plain = model.call(x);
        var expected = model.With(model.Weight + set.Adapters[0].DeltaWeight(), x);
        Assert.True((plain - expected).abs().max().item<double>() > 0.1);
        Close(expected, found, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_are_those_of_autograd_through_the_delta(string kind)
    {
        using var scope = NewDisposeScope();
        var (model, set, x) = Make(kind);
        var adapter = set.Adapters[0];
        Tensor Copy(Tensor t) => t.detach().clone();
        Tensor a = Copy(adapter.lora_A).requires_grad_(), e = Copy(adapter.lora_E!).requires_grad_(), b = Copy(adapter.lora_B).requires_grad_();
        var delta = adapter.Layer.ShapeDelta(b.mm(a * e) * adapter.Scale);

        using var optimizer = set.CreateOptimizer(10, 0.1, o => o.Kind = OptimizerKind.Sgd);
        var y = model.call(x);
        var direction = randn_like(y);
        y.mul(direction).sum().backward();
        optimizer.step();
        var (a1, e1, b1) = (Copy(adapter.lora_A), Copy(adapter.lora_E!), Copy(adapter.lora_B));

        // dL/dW by the layer itself with W + ΔW, then the chain rule through ΔW.
        set.Detach();
        using (no_grad()) model.Weight.add_(delta.detach());
        model.call(x).mul(direction).sum().backward();
        delta.backward([model.Weight.grad!]);
        Close(a.detach() - a.grad! * 0.1, a1, 1e-10);
        Close(e.detach() - e.grad! * 0.1, e1, 1e-10);
        Close(b.detach() - b.grad! * 0.1, b1, 1e-10);
        Assert.True(a.grad!.abs().max().item<double>() > 1e-3);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Merged_weights_compute_the_same_and_unmerging_restores_every_bit(string kind)
    {
        using var scope = NewDisposeScope();
        var (model, set, x) = Make(kind);
        var before = model.Weight.detach().clone();
        var expected = model.call(x);
        set.Merge();
        Close(expected, model.call(x), 1e-12);
        set.Unmerge();
        Assert.True(before.equal(model.Weight).all().item<bool>());
        Close(expected, model.call(x), 0);
        set.Merge(keepCopies: false);
        set.Unmerge();
        Close(before, model.Weight.detach(), 1e-14);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Folders_of_both_methods_go_round(string kind)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var (model, set, x) = Make(kind);
        var expected = model.call(x);
        set.Save(folder.File("adalora"));
        set.SaveAsLoRA(folder.File("lora"));
        set.Detach();
        foreach (string name in (string[])["adalora", "lora"])
        {
            var loaded = AdapterSet.Load(model, folder.File(name));
            Close(expected, model.call(x), 1e-12);
            loaded.Save(folder.File(name + " again"));
            foreach (string file in (string[])["adapter_model.safetensors", "adapter_config.json"])
            {
                Assert.Equal(File.ReadAllBytes(folder.File($"{name}/{file}")), File.ReadAllBytes(folder.File($"{name} again/{file}")));
            }
            loaded.Detach();
        }
    }

    /// <summary>A bf16 base keeps fp32 adapters; what they add is rounded once.</summary>
    [Theory]
    [InlineData("linear 2-D")]
    [InlineData("transposed")]
    [InlineData("quantizable 3-D")]
    [InlineData("embedding")]
    [InlineData("quantizable embedding")]
    [InlineData("conv2d in two groups")]
    public void A_bf16_base_takes_fp32_adapters(string kind)
    {
        using var scope = NewDisposeScope();
        var (model, set, x) = Make(kind, ScalarType.BFloat16);
        Assert.Equal(ScalarType.Float32, set.Adapters[0].lora_A.dtype);
        var found = model.call(x);
        Assert.Equal(ScalarType.BFloat16, found.dtype);
        set.Deactivate();
        var expected = model.call(x).to(ScalarType.Float32);
        set.Activate();
        var delta = set.Adapters[0].DeltaWeight();
        model.to(ScalarType.Float32);
        set.Deactivate();
        expected += model.With(delta, x.is_floating_point() ? x.to(ScalarType.Float32) : x) - model.With(zeros_like(delta), x.is_floating_point() ? x.to(ScalarType.Float32) : x);
        Close(expected, found.to(ScalarType.Float32), 0.05);
    }

    [Fact]
    public void A_grouped_convolution_is_plain_lora_with_the_filters_once_a_group()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var (model, set, _) = Make("conv2d in two groups");
        set.SaveAsLoRA(folder.Path);
        using var file = Gen.Serialization.SafetensorsFile.Open(folder.File("adapter_model.safetensors"));
        Tensor a = file.Read("base_model.model.layer.lora_A.weight"), b = file.Read("base_model.model.layer.lora_B.weight");
        Assert.Equal<long>([4, 4, 3, 3], a.shape);
        Assert.Equal<long>([6, 2, 1, 1], b.shape);
        // As PEFT computes it: an ungrouped convolution to the ranks, a grouped one back.
        var x = randn(2, 4, 7, 6, dtype: ScalarType.Float64);
        var expected = model.With(set.Adapters[0].DeltaWeight(), x) - model.With(zeros_like(model.Weight), x);
        var hidden = nn.functional.conv2d(x, a, null, [2, 2], [0, 0]);
        Close(expected, nn.functional.conv2d(hidden, b, null, groups: 2), 1e-12);
    }

    private static (OneLayer Model, AdapterSet Set, Tensor Input) Make(string kind, ScalarType dtype = ScalarType.Float64)
    {
        using var generator = manual_seed(3);
        var model = new OneLayer(Kinds[kind].Layer());
        model.to(dtype);
        var x = Kinds[kind].Input();
        if (x.is_floating_point()) x = x.to(dtype);
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 2, InitialRank = 2, Alpha = 3, Targets = ["layer"], OrthogonalWeight = 0 });
        using (no_grad()) foreach (var p in set.Adapters[0].parameters()) p.normal_(0, 0.7);
        set.Refold();
        return (model, set, x);
    }

    private static void Close(Tensor expected, Tensor found, double tolerance)
    {
        Assert.Equal(expected.shape, found.shape);
        double error = (expected - found).abs().max().to(ScalarType.Float64).item<double>();
        Assert.True(error <= tolerance, $"differs by {error:E2}");
    }
}
