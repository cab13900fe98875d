using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Decoding;

/// <summary>Which folders open and which are refused: every setting that would change the numbers is one or the other.</summary>
public sealed class DecoderRulesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("gpt2", "\"model_type\": \"gpt2\"", "\"model_type\": \"gptj\"", "has model_type 'gptj'; this class is for 'gpt2'")]
    [InlineData("gpt2", "\"scale_attn_by_inverse_layer_idx\": false", "\"scale_attn_by_inverse_layer_idx\": true", "scale_attn_by_inverse_layer_idx true")]
    [InlineData("gpt2", "\"reorder_and_upcast_attn\": false", "\"reorder_and_upcast_attn\": true", "reorder_and_upcast_attn true")]
    [InlineData("gpt2", "\"scale_attn_weights\": true", "\"scale_attn_weights\": false", "scale_attn_weights false")]
    [InlineData("gpt2", "\"add_cross_attention\": false", "\"add_cross_attention\": true", "add_cross_attention")]
    [InlineData("gpt2", "\"n_head\": 3", "\"n_head\": 5", "n_embd 24 is not a multiple of n_head 5")]
    [InlineData("gpt2", "\"embd_pdrop\": 0.1", "\"embd_pdrop\": 1.0", "embd_pdrop is 1")]
    [InlineData("gpt2", "\"activation_function\": \"gelu_new\"", "\"activation_function\": \"mish\"", "The activation 'mish' is unknown")]
    [InlineData("llama", "\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"", "rope_type 'yarn'; 'default' and 'llama3' can be built")]
    [InlineData("llama", "\"rope_theta\": 10000.0,", "\"partial_rotary_factor\": 0.5,", "partial_rotary_factor")]
    [InlineData("llama", "\"rope_theta\": 10000.0", "\"rope_theta\": \"large\"", "has rope_parameters.rope_theta large; it must be a number")]
    [InlineData("llama", "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "num_attention_heads 4 is not a multiple of num_key_value_heads 3")]
    [InlineData("llama", "\"head_dim\": 8", "\"head_dim\": 7", "A head is 7 wide")]
    [InlineData("llama", "\"mlp_bias\": false", "\"is_causal\": false", "is_causal false")]
    [InlineData("llama3_rope", "\"low_freq_factor\": 1.0,", "", "rope_type 'llama3' without low_freq_factor")]
    [InlineData("llama3_rope", "\"high_freq_factor\": 4.0", "\"high_freq_factor\": 1.0", "high_freq_factor above low_freq_factor")]
    public void A_configuration_that_would_compute_otherwise_is_a_sentence(string name, string was, string becomes, string sentence)
    {
        Copy(name, was, becomes);
        Assert.Contains(sentence, Assert.Throws<AdaLoRAException>(() => Open(name)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama", "\"rope_theta\": 10000.0, \"rope_scaling\": null")]
    [InlineData("llama3_rope", "\"rope_theta\": 500000.0, \"rope_scaling\": {\"factor\": 8.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 16, \"rope_type\": \"llama3\"}")]
    public void The_older_spelling_of_the_rotary_embedding_gives_the_same(string name, string older)
    {
        string config = File.ReadAllText(Path.Combine(Fixtures.Path("hf", name), "config.json"));
        int from = config.IndexOf("\"rope_parameters\"", StringComparison.Ordinal), to = config.IndexOf('}', from) + 1;
        Copy(name, config[from..to], older);
        AssertSame(DecoderGoldenTests.Open(name), Open(name));
    }

    [Theory]
    [InlineData("gpt2", "transformer.")]
    [InlineData("llama3_rope", "model.")]
    public void Keys_without_prefix_old_buffers_and_a_second_copy_of_the_tied_head_do_not_matter(string name, string prefix)
    {
        Copy(name, "", "");
        Dictionary<string, Tensor> weights = Fixtures.Tensors("hf", name, "model.safetensors").ToDictionary(pair => pair.Key[prefix.Length..], pair => pair.Value);
        weights["h.0.attn.bias"] = torch.ones(1, 1, 32, 32).tril();
        weights["h.1.attn.masked_bias"] = torch.tensor(-1e4f);
        if (name != "gpt2")
        {
            weights.Remove("h.0.attn.bias");
            weights.Remove("h.1.attn.masked_bias");
            weights["layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(4);
        }
        weights["lm_head.weight"] = torch.zeros(96, 24);
        SafetensorsWriter.Write(_folder.File("model.safetensors"), weights);
        AssertSame(DecoderGoldenTests.Open(name), Open(name));
    }

    [Fact]
    public void An_untied_head_must_be_in_the_file()
    {
        Copy("llama", "", "");
        Dictionary<string, Tensor> weights = Fixtures.Tensors("hf", "llama", "model.safetensors");
        weights.Remove("lm_head.weight");
        SafetensorsWriter.Write(_folder.File("model.safetensors"), weights);
        Assert.Contains("missing: lm_head.weight", Assert.Throws<AdaLoRAException>(() => Open("llama")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Registered_names_are_those_of_Hugging_Face()
    {
        foreach (string name in (string[])["gpt2", "llama", "llama3_rope"])
        {
            using CausalLanguageModel model = DecoderGoldenTests.Open(name);
            Assert.Equal(Fixtures.Tensors("hf", name, "model.safetensors").Keys.Order(StringComparer.Ordinal), model.state_dict().Keys.Order(StringComparer.Ordinal));
        }
    }

    private CausalLanguageModel Open(string name) => name == "gpt2" ? Gpt2ForCausalLM.FromPretrained(_folder.Path) : LlamaForCausalLM.FromPretrained(_folder.Path);

    private void Copy(string name, string was, string becomes)
    {
        string source = Fixtures.Path("hf", name), config = File.ReadAllText(Path.Combine(source, "config.json"));
        Assert.Contains(was, config, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("config.json"), was.Length == 0 ? config : config.Replace(was, becomes, StringComparison.Ordinal));
        File.Copy(Path.Combine(source, "model.safetensors"), _folder.File("model.safetensors"));
    }

    private static void AssertSame(CausalLanguageModel expected, CausalLanguageModel actual)
    {
        Tensor ids = torch.arange(5, 29, dtype: ScalarType.Int64).view(2, 12);
        TensorAssert.Close(expected.call(ids, null), actual.call(ids, null), 0, "logits");
    }
}
