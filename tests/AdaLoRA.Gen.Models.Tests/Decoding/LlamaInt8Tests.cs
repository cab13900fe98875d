using System.Text.Json.Nodes;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Decoding;

/// <summary>Llama on a base of int8 rows: opened, written, trained. "llama" has a head of its own, "llama3_rope" a tied one.</summary>
public sealed class LlamaInt8Tests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("llama3_rope")]
    public void Opened_as_bytes_it_is_what_was_opened_as_floats_and_quantised(string name)
    {
        Dictionary<string, Tensor> io = Fixtures.Tensors("hf", name, "io.safetensors");
        using LlamaForCausalLM bytes = Open(name), floats = LlamaForCausalLM.FromPretrained(Fixtures.Path("hf", name));
        Assert.True(Matrices(bytes).Count > 14);
        Assert.All(Matrices(bytes), layer => Assert.True(layer.IsQuantized));
        Assert.DoesNotContain(bytes.parameters(), p => p.device_type == DeviceType.META || (p.dtype != ScalarType.Int8 && p.dim() == 2));
        Tensor exact = floats.call(io["in.input_ids"], io["in.attention_mask"]), found = bytes.call(io["in.input_ids"], io["in.attention_mask"]);
        Assert.Equal(Matrices(floats).Count, floats.QuantizeBase());
        TensorAssert.Close(floats.call(io["in.input_ids"], io["in.attention_mask"]), found, 0);
        TensorAssert.Close(exact, found, 0.02 * exact.abs().max().item<float>());
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("llama3_rope")]
    public void Written_and_opened_again_it_has_the_same_bytes(string name)
    {
        string written = _folder.File("written"), again = _folder.File("again");
        using LlamaForCausalLM model = Open(name);
        HuggingFaceFolder.Write(model, written, Fixtures.Path("hf", name));
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(written, "config.json")))!.AsObject();
        Assert.Equal("compressed-tensors", config["quantization_config"]!["quant_method"]!.GetValue<string>());
        Tensor ids = torch.arange(5, 15, dtype: ScalarType.Int64).view(2, 5), expected = model.call(ids, null);

        using (LlamaForCausalLM same = LlamaForCausalLM.FromPretrained(written, weights: BaseWeights.Int8Rows))
        {
            TensorAssert.Close(expected, same.call(ids, null), 0);
            HuggingFaceFolder.Write(same, again, written);
            foreach (string file in (string[])["model.safetensors", "config.json"]) Assert.Equal(File.ReadAllBytes(Path.Combine(written, file)), File.ReadAllBytes(Path.Combine(again, file)));
        }
        using LlamaForCausalLM floats = LlamaForCausalLM.FromPretrained(written);
        Assert.DoesNotContain(Matrices(floats), layer => layer.IsQuantized);
        TensorAssert.Close(expected, floats.call(ids, null), 1e-5);
    }

    [Fact]
    public void Keys_of_the_source_name_the_scales_too()
    {
        string source = _folder.File("source"), written = _folder.File("written");
        Directory.CreateDirectory(source);
        File.Copy(Path.Combine(Fixtures.Path("hf", "llama3_rope"), "config.json"), Path.Combine(source, "config.json"));
        SafetensorsWriter.Write(Path.Combine(source, "model.safetensors"), Fixtures.Tensors("hf", "llama3_rope", "model.safetensors").Select(pair => KeyValuePair.Create(pair.Key["model.".Length..], pair.Value)));
        using LlamaForCausalLM model = LlamaForCausalLM.FromPretrained(source, weights: BaseWeights.Int8Rows);
        HuggingFaceFolder.Write(model, written, source);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(written, "model.safetensors"));
        Assert.Contains("layers.1.mlp.up_proj.weight_scale", file.Names);
        Assert.DoesNotContain(file.Names, key => key.StartsWith("model.", StringComparison.Ordinal));
        using LlamaForCausalLM again = LlamaForCausalLM.FromPretrained(written, weights: BaseWeights.Int8Rows);
        Tensor ids = torch.arange(5, 15, dtype: ScalarType.Int64).view(2, 5);
        TensorAssert.Close(model.call(ids, null), again.call(ids, null), 0);
    }

    [Fact]
    public void A_model_that_has_values_already_takes_others()
    {
        using LlamaForCausalLM expected = Open("llama"), model = new(expected.Config, weights: BaseWeights.Int8Rows);
        Tensor ids = torch.arange(5, 15, dtype: ScalarType.Int64).view(2, 5);
        Assert.True((expected.call(ids, null) - model.call(ids, null)).abs().max().item<float>() > 1e-3);
        using HuggingFaceCheckpoint checkpoint = HuggingFaceCheckpoint.Open(Fixtures.Path("hf", "llama"));
        CheckpointLoader.Load(model, checkpoint);
        TensorAssert.Close(expected.call(ids, null), model.call(ids, null), 0);
    }

    [Theory]
    [InlineData("llama_adalora_pruned")]
    [InlineData("llama_lora_rslora")]
    public void A_folder_of_PEFT_adds_to_bytes_what_it_adds_to_the_floats_that_they_stand_for(string adapter)
    {
        Dictionary<string, Tensor> io = Fixtures.Tensors("hf", "llama", "io.safetensors"), peft = Fixtures.Tensors("peft", adapter, "io.safetensors");
        using LlamaForCausalLM bytes = Open("llama"), floats = Open("llama");
        floats.DequantizeBase();
        Tensor Logits(LlamaForCausalLM model) => model.call(io["in.input_ids"], io["in.attention_mask"]);
        Tensor plain = Logits(bytes);
        foreach (LlamaForCausalLM model in new[] { bytes, floats }) AdapterSet.Load(model, Fixtures.Path("peft", adapter));
        Tensor found = Logits(bytes);
        Assert.True((found - plain).abs().max().item<float>() > 1e-3);
        TensorAssert.Close(Logits(floats), found, 1e-5);
        Tensor golden = peft["out.logits"] * io["in.attention_mask"].unsqueeze(-1);
        TensorAssert.Close(golden, found, 0.03 * golden.abs().max().item<float>());
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("llama3_rope")]
    public void A_step_moves_adapters_and_gives_no_frozen_weight_a_gradient(string name)
    {
        using LlamaForCausalLM model = Open(name);
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 14, InitialRank = 2, Targets = ["*.{q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj}"], InitialWarmup = 2, FinalWarmup = 4 });
        Assert.Equal(14, set.Adapters.Count);
        using var optimizer = set.CreateOptimizer(20, 1e-2);
        Tensor ids = torch.arange(5, 21, dtype: ScalarType.Int64).view(2, 8);
        model.train();
        double first = 0, last = 0;
        for (int t = 0; t < 20; t++)
        {
            using var step = torch.NewDisposeScope();
            Tensor loss = model.Loss(ids, null, ids);
            last = loss.item<float>();
            if (t == 0) first = last;
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
        }
        Assert.True(last < 0.95 * first, $"from {first} to {last}");
        foreach ((string path, var parameter) in model.named_parameters().Where(p => !p.name.StartsWith("adalora", StringComparison.Ordinal))) Assert.True(parameter.grad is null, path);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 0.05)]
    [InlineData(ScalarType.Float64, 1e-5)]
    public void The_other_weights_may_have_other_types(ScalarType dtype, double tolerance)
    {
        using LlamaForCausalLM model = LlamaForCausalLM.FromPretrained(Fixtures.Path("hf", "llama"), dtype: dtype, weights: BaseWeights.Int8Rows), single = Open("llama");
        Tensor ids = torch.arange(5, 15, dtype: ScalarType.Int64).view(2, 5), found = model.call(ids, null), expected = single.call(ids, null);
        Assert.Equal(dtype, found.dtype);
        TensorAssert.Close(expected, found.to(ScalarType.Float32), tolerance * expected.abs().max().item<float>());
    }

    [Fact]
    public void Other_architectures_say_that_they_have_no_bytes()
    {
        Assert.EndsWith("is a GPT2LMHeadModel, which is not built on int8 rows here; LlamaForCausalLM is.", Assert.Throws<AdaLoRAException>(() => HuggingFaceModel.Open(Fixtures.Path("hf", "gpt2"), weights: BaseWeights.Int8Rows)).Message, StringComparison.Ordinal);
        using HuggingFaceModel llama = HuggingFaceModel.Open(Fixtures.Path("hf", "llama"), weights: BaseWeights.Int8Rows);
        Assert.All(Matrices(llama.Module), layer => Assert.True(layer.IsQuantized));
    }

    private static LlamaForCausalLM Open(string name) => LlamaForCausalLM.FromPretrained(Fixtures.Path("hf", name), weights: BaseWeights.Int8Rows);

    private static List<QuantizableLayer> Matrices(nn.Module model) => [.. model.modules().OfType<QuantizableLayer>()];
}
