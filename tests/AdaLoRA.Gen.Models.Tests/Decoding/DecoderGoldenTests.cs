using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Decoding;

/// <summary>The same numbers as Hugging Face's GPT-2 and Llama. Only real tokens are compared: what Hugging Face computes at padding means nothing.</summary>
public sealed class DecoderGoldenTests
{
    private const double Tolerance = 1e-5;

    [Fact]
    public void Tiny_GPT2_gives_the_hidden_states_of_Hugging_Face()
    {
        using var scope = torch.NewDisposeScope();
        Dictionary<string, Tensor> io = Fixtures.Tensors("hf", "gpt2", "io.safetensors");
        using Gpt2Model model = Gpt2Model.FromPretrained(Fixtures.Path("hf", "gpt2"));
        TokenLayout layout = TokenLayout.OfDecoder(io["in.input_ids"], io["in.attention_mask"]);
        Tensor state = model.Embed(io["in.input_ids"], layout);
        TensorAssert.Close(layout.Pack(io["out.hidden.0"]), state, Tolerance, "embeddings");
        state = model.h[0].call(state, layout);
        TensorAssert.Close(layout.Pack(io["out.hidden.1"]), state, Tolerance, "layer 0");
        // Hugging Face gives the last hidden state behind the final norm.
        state = model.ln_f.call(model.h[1].call(state, layout));
        TensorAssert.Close(layout.Pack(io["out.hidden.2"]), state, Tolerance, "layer 1 and norm");
        TensorAssert.Close(io["out.hidden.2"] * io["in.attention_mask"].unsqueeze(-1), model.call(io["in.input_ids"], io["in.attention_mask"]).ToPadded(), Tolerance, "padded output");
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("llama3_rope")]
    public void Tiny_Llama_gives_the_hidden_states_of_Hugging_Face(string name)
    {
        using var scope = torch.NewDisposeScope();
        Dictionary<string, Tensor> io = Fixtures.Tensors("hf", name, "io.safetensors");
        using LlamaModel model = LlamaModel.FromPretrained(Fixtures.Path("hf", name));
        TokenLayout layout = TokenLayout.OfDecoder(io["in.input_ids"], io["in.attention_mask"]);
        using RotaryAngles angles = model.Angles(layout);
        Tensor state = model.embed_tokens.call(layout.Pack(io["in.input_ids"]));
        TensorAssert.Close(layout.Pack(io["out.hidden.0"]), state, Tolerance, "embeddings");
        state = model.layers[0].call(state, layout, angles);
        TensorAssert.Close(layout.Pack(io["out.hidden.1"]), state, Tolerance, "layer 0");
        state = model.norm.call(model.layers[1].call(state, layout, angles));
        TensorAssert.Close(layout.Pack(io["out.hidden.2"]), state, Tolerance, "layer 1 and norm");
        TensorAssert.Close(io["out.hidden.2"] * io["in.attention_mask"].unsqueeze(-1), model.call(io["in.input_ids"], io["in.attention_mask"]).ToPadded(), Tolerance, "padded output");
    }

    [Theory]
    [InlineData("gpt2", "transformer.h.0.attn.c_attn.weight")]
    [InlineData("llama", "model.layers.0.self_attn.q_proj.weight")]
    [InlineData("llama3_rope", "model.layers.0.self_attn.q_proj.weight")]
    public void Tiny_decoders_give_logits_loss_and_gradient_of_Hugging_Face(string name, string weight)
    {
        using var scope = torch.NewDisposeScope();
        Dictionary<string, Tensor> io = Fixtures.Tensors("hf", name, "io.safetensors");
        using CausalLanguageModel model = Open(name);
        Tensor logits = model.call(io["in.input_ids"], io["in.attention_mask"]);
        TensorAssert.Close(io["out.logits"] * io["in.attention_mask"].unsqueeze(-1), logits, Tolerance, "logits");
        Tensor loss = model.Loss(io["in.input_ids"], io["in.attention_mask"], io["in.labels"]);
        TensorAssert.Close(io["out.loss"], loss.view(1), Tolerance, "loss");
        loss.backward();
        Tensor gradient = io["out.grad." + weight];
        TensorAssert.Close(gradient, model.get_parameter(weight)!.grad!, Tolerance * gradient.abs().max().item<float>(), weight);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("llama3_rope")]
    public void Greedy_generation_gives_the_tokens_of_Hugging_Face(string name)
    {
        using var scope = torch.NewDisposeScope();
        Dictionary<string, Tensor> io = Fixtures.Tensors("hf", name, "io.safetensors");
        using CausalLanguageModel model = Open(name);
        Tensor generated = model.Generate(io["in.input_ids"].narrow(0, 0, 1).narrow(1, 0, 5), 8);
        Assert.Equal(io["out.generate8"].data<long>().ToArray(), generated.data<long>().ToArray());
    }

    internal static CausalLanguageModel Open(string name) => name == "gpt2" ? Gpt2ForCausalLM.FromPretrained(Fixtures.Path("hf", name)) : LlamaForCausalLM.FromPretrained(Fixtures.Path("hf", name));
}
