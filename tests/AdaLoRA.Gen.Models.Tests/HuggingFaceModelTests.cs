using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests;

/// <summary>Any supported folder opens by what its config.json says.</summary>
public sealed class HuggingFaceModelTests
{
    [Theory]
    [InlineData("bert", "BertForSequenceClassification")]
    [InlineData("gpt2", "GPT2LMHeadModel")]
    [InlineData("llama", "LlamaForCausalLM")]
    [InlineData("llama3_rope", "LlamaForCausalLM")]
    public void Logits_of_every_supported_folder_are_those_of_Hugging_Face(string name, string architecture)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        Dictionary<string, Tensor> io = Fixtures.Tensors("hf", name, "io.safetensors");
        using HuggingFaceModel model = HuggingFaceModel.Open(Fixtures.Path("hf", name));
        Assert.Equal(architecture, model.Architecture);
        Tensor logits = model.Logits(io.Where(pair => pair.Key.StartsWith("in.", StringComparison.Ordinal) && pair.Key != "in.labels").ToDictionary(pair => pair.Key["in.".Length..], pair => pair.Value));
        Tensor expected = io["out.logits"];
        if (expected.dim() == 3) expected = expected * io["in.attention_mask"].unsqueeze(-1);
        TensorAssert.Close(expected, logits, 1e-5, name);
    }

    [Fact]
    public void An_architecture_that_is_not_supported_is_told_apart_from_a_broken_folder()
    {
        var unsupported = Assert.Throws<UnsupportedArchitectureException>(() => HuggingFaceModel.Open(Fixtures.Path("hf", "distilbert")));
        Assert.Equal("distilbert", unsupported.ModelType);
        Assert.Equal(["DistilBertForSequenceClassification"], unsupported.Architectures);
        Assert.Contains("describes the architecture 'DistilBertForSequenceClassification' (model_type 'distilbert'), which is not supported; BertForSequenceClassification, GPT2LMHeadModel, LlamaForCausalLM are", unsupported.Message, StringComparison.Ordinal);
        Assert.Throws<UnsupportedArchitectureException>(() => HuggingFaceModel.Open(Fixtures.MiniLM));
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("config.json"), """{"model_type":"gpt2","architectures":["GPT2ForSequenceClassification"]}""");
        Assert.Throws<UnsupportedArchitectureException>(() => HuggingFaceModel.Open(folder.Path));
        Assert.Contains("There is no file", Assert.Throws<AdaLoRAException>(() => HuggingFaceModel.Open("nowhere")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_decoder_without_architectures_opens_by_its_type()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Fixtures.Path("hf", "gpt2"), "model.safetensors"), folder.File("model.safetensors"));
        File.WriteAllText(folder.File("config.json"), """{"model_type":"gpt2","vocab_size":96,"n_embd":24,"n_layer":2,"n_head":3,"n_positions":32}""");
        using (HuggingFaceModel model = HuggingFaceModel.Open(folder.Path)) Assert.IsType<Gpt2ForCausalLM>(model.Module);
        File.WriteAllText(folder.File("config.json"), """{"model_type":"bert"}""");
        Assert.Contains("type 'bert' without architectures", Assert.Throws<UnsupportedArchitectureException>(() => HuggingFaceModel.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inputs_that_the_model_does_not_take_are_sentences()
    {
        using var scope = torch.NewDisposeScope();
        using HuggingFaceModel model = HuggingFaceModel.Open(Fixtures.Path("hf", "llama"));
        Tensor ids = torch.ones(1, 3, dtype: ScalarType.Int64);
        Assert.Contains("takes no input 'token_type_ids'", Assert.Throws<AdaLoRAException>(() => model.Logits(new Dictionary<string, Tensor> { ["input_ids"] = ids, ["token_type_ids"] = ids })).Message, StringComparison.Ordinal);
        Assert.Contains("needs input_ids", Assert.Throws<AdaLoRAException>(() => model.Logits(new Dictionary<string, Tensor>())).Message, StringComparison.Ordinal);
    }
}
