using AdaLoRA.Gen.Serialization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>Running statistics of a module that was trained in full are lost; PEFT saves them.</summary>
public sealed class TrainedBuffersTests : RegressionTests
{
    private sealed class Normed : Module<Tensor, Tensor>
    {
        private readonly Linear first;
        private readonly BatchNorm1d norm;

        public Normed() : base(nameof(Normed))
        {
            first = Linear(12, 12);
            norm = BatchNorm1d(12);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => norm.call(first.call(x));
    }

    [Fact]
    public void Trained_batch_norm_goes_with_the_folder()
    {
        using var model = new Normed();
        using var other = new Normed();
        other.load_state_dict(model.state_dict());
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 4, InitialRank = 4, Targets = ["first"], Trainable = ["norm"] });
        Randomise(set, 3);
        for (int i = 0; i < 20; i++) model.call(randn(16, 12) * 3 + 2);
        model.eval();
        other.eval();
        var x = randn(4, 12);
        var expected = model.call(x).detach();
        set.Save(_folder.File("s"));
        AdapterSet.Load(other, _folder.File("s"));
        Assert.True(allclose(expected, other.call(x), 1e-4, 1e-4), $"{(expected - other.call(x)).abs().max().item<float>()}");
    }

    [Fact]
    public void Buffers_that_peft_saves_with_modules_to_save_are_read()
    {
        using var model = new Normed();
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 4, InitialRank = 4, Targets = ["first"], Trainable = ["norm"] });
        set.Save(_folder.File("s"));
        set.Detach();
        string path = _folder.File("s/adapter_model.safetensors");
        List<KeyValuePair<string, Tensor>> tensors;
        using (var file = SafetensorsFile.Open(path)) tensors = [.. file.Names.Select(n => KeyValuePair.Create(n, file.Read(n)))];
        string[] buffers = ["running_mean", "running_var", "num_batches_tracked"];
        Assert.Equal(3, tensors.RemoveAll(t => buffers.Any(t.Key.EndsWith)));
        tensors.Add(KeyValuePair.Create("base_model.model.norm.running_mean", ones(12)));
        tensors.Add(KeyValuePair.Create("base_model.model.norm.running_var", ones(12)));
        tensors.Add(KeyValuePair.Create("base_model.model.norm.num_batches_tracked", tensor(7L)));
        SafetensorsWriter.Write(path, tensors);
        set = AdapterSet.Load(model, _folder.File("s"));
        Assert.Equal(7, model.get_buffer("norm.num_batches_tracked")!.item<long>());
        Assert.Equal(12, model.get_buffer("norm.running_mean")!.sum().item<float>());
        // They go with the set.
        set.Deactivate();
        Assert.Equal(0, model.get_buffer("norm.num_batches_tracked")!.item<long>());
    }
}
