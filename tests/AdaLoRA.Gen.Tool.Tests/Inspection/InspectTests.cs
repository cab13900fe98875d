using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tool.Commands;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tool.Tests.Inspection;

/// <summary>Figures against torch's own, for every kind of folder.</summary>
public sealed class InspectTests
{
    [Theory]
    [InlineData("bert_adalora_pruned")]
    [InlineData("gpt2_adalora_conv1d")]
    [InlineData("conv_adalora_pruned")]
    public async Task Norms_drift_and_lambda_are_torchs(string name)
    {
        using var scope = NewDisposeScope();
        var tensors = Fixtures.Tensors("peft", name, PeftKeys.TensorFile);
        var adapter = (await Adalora.Run("inspect", Fixtures.Path("peft", name), "--json")).Done().Json["adapter"]!;
        double most = 0;
        foreach (var target in adapter["targets"]!.AsArray())
        {
            string path = PeftKeys.Prefix + target!["path"];
            Tensor a = tensors[path + ".lora_A"].to(ScalarType.Float64), b = tensors[path + ".lora_B"].to(ScalarType.Float64), e = tensors[path + ".lora_E"].to(ScalarType.Float64);
            int rank = (int)a.shape[0];
            double scale = 9 / (6 + 1e-5);
            Assert.Equal(rank, target["rank"]!.GetValue<int>());
            Assert.Equal(6, target["initial_rank"]!.GetValue<int>());
            Close(scale, target["scale"]);
            Close(b.mm(a * e).mul(scale).pow(2).sum().sqrt().item<double>(), target["delta_norm"]);
            double p = (b.t().mm(b) - eye(rank, dtype: ScalarType.Float64)).pow(2).sum().sqrt().item<double>();
            Close(p, target["drift_p"]);
            Close((a.mm(a.t()) - eye(rank, dtype: ScalarType.Float64)).pow(2).sum().sqrt().item<double>(), target["drift_q"]);
            most = Math.Max(most, p);
            Assert.Equal(e.reshape(-1).data<double>().ToArray().OrderByDescending(Math.Abs), target["lambda"]!.AsArray().Select(l => l!.GetValue<double>()));
            Assert.Equal(rank, target["pattern"]!.GetValue<string>().Count(c => c == '1'));
        }
        Close(most, adapter["drift_p"]);

        static void Close(double expected, System.Text.Json.Nodes.JsonNode? actual) => Assert.Equal(expected, actual!.GetValue<double>(), 1e-12 * Math.Max(1, expected));
    }

    [Fact]
    public async Task The_rank_map_and_every_target_are_shown()
    {
        string text = (await Adalora.Run("inspect", Fixtures.Path("peft", "bert_adalora_pruned"))).Done().Output;
        Assert.Contains("12 targets, 34 of 72 triplets", text, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^bert\.encoder\.layer\.\*\.output\.dense +3  5 +8$", text);
        Assert.Contains("Every value is finite.", text, StringComparison.Ordinal);
        // No line is cut or wrapped when it is not a terminal that reads.
        Assert.Contains("bert.encoder.layer.0.attention.output.dense", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_LoRA_has_its_own_scales_and_no_lambda()
    {
        var adapter = (await Adalora.Run("inspect", Fixtures.Path("peft", "bert_lora_patterns"), "--json")).Done().Json["adapter"]!;
        var targets = adapter["targets"]!.AsArray().ToDictionary(t => t!["path"]!.GetValue<string>(), t => t!);
        Assert.Equal((2, 3.5), (targets["bert.encoder.layer.0.attention.self.query"]["rank"]!.GetValue<int>(), targets["bert.encoder.layer.0.attention.self.query"]["scale"]!.GetValue<double>()));
        Assert.Equal((4, 2.5), (targets["bert.encoder.layer.1.attention.self.query"]["rank"]!.GetValue<int>(), targets["bert.encoder.layer.1.attention.self.query"]["scale"]!.GetValue<double>()));
        Assert.Null(adapter["drift_p"]);
        Assert.Equal(4.0, (await Adalora.Run("inspect", Fixtures.Path("peft", "llama_lora_rslora"), "--json")).Done().Json["adapter"]!["targets"]![0]!["scale"]!.GetValue<double>());
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public async Task A_value_that_is_no_number_is_named_and_returns_1(float value)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        PlainFolder.Write(folder.File("adapter"), "layer.0", 40, 8, embedding: false, value);
        var said = await Adalora.Run("inspect", folder.File("adapter"), "--json");
        Assert.Equal(ExitCodes.Found, said.ExitCode);
        Assert.Equal("base_model.model.layer.0.lora_A.weight", said.Json["adapter"]!["non_finite"]!.AsArray().Single()!.GetValue<string>());
        var file = await Adalora.Run("inspect", folder.File("adapter/adapter_model.safetensors"));
        Assert.Equal(ExitCodes.Found, file.ExitCode);
        Assert.Contains("Not finite: base_model.model.layer.0.lora_A.weight.", file.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Fine, (await Adalora.Run("inspect", folder.File("adapter"), "--headers")).ExitCode);
    }

    [Fact]
    public async Task A_checkpoint_and_the_output_around_it()
    {
        using var folder = new TemporaryFolder();
        using (var net = new TwoLayers())
        {
            var set = AdapterSet.Attach(net, new AdaLoRAOptions { Budget = 2, InitialRank = 2, Targets = ["*"], InitialWarmup = 1, FinalWarmup = 1 });
            using var optimizer = set.CreateOptimizer(totalSteps: 10);
            for (int i = 0; i < 3; i++)
            {
                optimizer.zero_grad();
                using var loss = net.call(ones(2, 8)).sum();
                loss.backward();
                optimizer.step();
            }
            var state = new CheckpointState { Model = "Net", Step = 3, Attempts = 3, TotalSteps = 10, Threads = 1, BatchesPerEpoch = 1, Options = { ["BatchSize"] = "2" } };
            var store = new CheckpointStore(folder.Path);
            store.Save(optimizer, set, state, kept: 2, alsoKept: null);
            set.Save(folder.File("adapter"));
        }
        string checkpoint = folder.File("checkpoints/step-3");
        var report = (await Adalora.Run("inspect", checkpoint, "--json")).Done().Json;
        Assert.Equal(("checkpoint", true, 3), (report["kind"]!.GetValue<string>(), report["checkpoint"]!["complete"]!.GetValue<bool>(), report["checkpoint"]!["state"]!["step"]!.GetValue<int>()));
        Assert.Equal(2, report["adapter"]!["targets"]!.AsArray().Count);
        string text = (await Adalora.Run("inspect", checkpoint)).Done().Output;
        Assert.Matches(@"(?m)^options\.BatchSize +2$", text);
        Assert.Matches(@"(?m)^versions\.libtorch +2\.1\d", text);
        var output = (await Adalora.Run("inspect", folder.Path, "--json")).Done().Json;
        Assert.Equal(("output", "step-3"), (output["kind"]!.GetValue<string>(), output["output"]!["checkpoints"]![0]!["name"]!.GetValue<string>()));
        Assert.Equal(ExitCodes.Fine, (await Adalora.Run("diff", folder.Path, checkpoint)).ExitCode);

        File.Delete(Path.Combine(checkpoint, "training.safetensors"));
        var broken = (await Adalora.Run("inspect", checkpoint, "--json")).Done().Json;
        Assert.False(broken["checkpoint"]!["complete"]!.GetValue<bool>());
        Assert.Contains("training.safetensors", broken["checkpoint"]!["why_not"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_and_what_is_nothing()
    {
        var model = (await Adalora.Run("inspect", Fixtures.Path("hf", "llama"), "--json")).Done().Json;
        Assert.Equal(("model", "LlamaForCausalLM", 21), (model["kind"]!.GetValue<string>(), model["tensors"]!["architecture"]!.GetValue<string>(), model["tensors"]!["count"]!.GetValue<int>()));
        using var folder = new TemporaryFolder();
        foreach (string path in (string[])[folder.Path, folder.File("nowhere")])
        {
            var said = await Adalora.Run("inspect", path);
            Assert.Equal((ExitCodes.Failed, ""), (said.ExitCode, said.Output));
            Assert.StartsWith(path == folder.Path ? $"'{path}' is nothing that can be inspected" : $"There is no file or folder '{path}'.", said.Error, StringComparison.Ordinal);
        }
    }

    /// <summary>A README was once called a damaged safetensors file; a damaged one still is.</summary>
    [Theory]
    [InlineData("README.md", true)]
    [InlineData("x.safetensors", false)]
    public async Task A_file_of_another_kind_is_nothing_that_can_be_inspected(string name, bool isOther)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(name), "# A page of text, which is no header of tensors");
        var said = await Adalora.Run("inspect", folder.File(name));
        Assert.Equal((ExitCodes.Failed, ""), (said.ExitCode, said.Output));
        Assert.Equal(isOther, said.Error.StartsWith($"'{folder.File(name)}' is nothing that can be inspected: ", StringComparison.Ordinal));
        Assert.Single(said.Error.TrimEnd().Split('\n'));
    }
}

/// <summary>Two layers to adapt.</summary>
internal sealed class TwoLayers : nn.Module<Tensor, Tensor>
{
    private readonly TorchSharp.Modules.Linear first = nn.Linear(8, 8), second = nn.Linear(8, 8);

    public TwoLayers() : base(nameof(TwoLayers)) => RegisterComponents();

    public override Tensor forward(Tensor x) => second.call(first.call(x));
}
