using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Decoding;

/// <summary>Properties of the decoders that no golden number shows.</summary>
public sealed class DecoderPackingTests
{
    private static readonly LlamaConfig SmallLlama = new() { VocabSize = 50, HiddenSize = 24, LayerCount = 2, HeadCount = 6, KeyValueHeadCount = 2, HeadSize = 8, IntermediateSize = 40, AttentionBias = true, MlpBias = true, InitializerRange = 0.3 };
    private static readonly Gpt2Config SmallGpt2 = new() { VocabSize = 50, HiddenSize = 24, LayerCount = 2, HeadCount = 3, MaxPositions = 16, TieWordEmbeddings = false, InitializerRange = 0.3, AttentionDropout = 0, EmbeddingDropout = 0, ResidualDropout = 0 };

    public static TheoryData<string> Kinds => ["gpt2", "llama"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_sequence_gives_the_same_alone_and_in_a_padded_batch(string kind)
    {
        using var scope = torch.NewDisposeScope();
        using CausalLanguageModel model = Build(kind);
        (Tensor ids, Tensor mask) = Batch();
        Tensor together = model.call(ids, mask);
        foreach ((int row, int length) in ((int, int)[])[(0, 9), (1, 5), (2, 2)])
        {
            Tensor alone = model.call(ids.narrow(0, row, 1).narrow(1, 0, length), null);
            TensorAssert.Close(alone, together.narrow(0, row, 1).narrow(1, 0, length), 1e-5, $"sequence {row}");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void No_token_sees_those_behind_it(string kind)
    {
        using var scope = torch.NewDisposeScope();
        using CausalLanguageModel model = Build(kind);
        (Tensor ids, Tensor _) = Batch();
        Tensor changed = ids.clone();
        changed.narrow(1, 6, 3).fill_(1);
        Tensor difference = (model.call(ids, null) - model.call(changed, null)).abs().amax([0, 2]);
        Assert.Equal(0, difference.narrow(0, 0, 6).max().item<float>(), 1e-5);
        Assert.True(difference.narrow(0, 6, 3).min().item<float>() > 1e-3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Blocks_of_one_length_and_padded_attention_agree_in_value_and_gradient(bool paddingInFront)
    {
        using var scope = torch.NewDisposeScope();
        using var model = (LlamaForCausalLM)Build("llama");
        (Tensor ids, Tensor mask) = Batch();
        if (paddingInFront) mask = mask.flip(1);
        Tensor[] outputs = [.. ((bool[])[true, false]).Select(inBlocks =>
        {
            TokenLayout layout = TokenLayout.Of(mask, torch.CPU, inBlocks, causal: true);
            Assert.Equal(!inBlocks && paddingInFront, layout.AttentionBias is not null);
            model.zero_grad();
            Tensor state = model.model.embed_tokens.call(layout.Pack(ids));
            using RotaryAngles angles = model.model.Angles(layout);
            foreach (LlamaDecoderLayer layer in model.model.layers) state = layer.call(state, layout, angles);
            Tensor padded = layout.Unpack(state);
            padded.square().sum().backward();
            return torch.cat([padded.detach().view(-1), model.model.layers[0].self_attn.k_proj.weight.grad!.view(-1) / 100]);
        })];
        Assert.True(outputs[1].isfinite().all().item<bool>());
        TensorAssert.Close(outputs[0], outputs[1], 1e-4);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_model_built_in_a_dispose_scope_outlives_it_and_moves_to_another_type(string kind)
    {
        CausalLanguageModel model;
        using (torch.NewDisposeScope()) model = Build(kind);
        using var scope = torch.NewDisposeScope();
        using (model)
        {
            (Tensor ids, Tensor mask) = Batch();
            Tensor single = model.call(ids, mask);
            string[] names = [.. model.named_parameters().Select(named => named.name)];
            model.to(ScalarType.Float64);
            Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
            Assert.Equal(names, model.named_parameters().Select(named => named.name));
            Tensor twice = model.call(ids, mask);
            Assert.Equal(ScalarType.Float64, twice.dtype);
            TensorAssert.Close(single, twice.to(ScalarType.Float32), 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_forward_pass_leaves_nothing_but_its_result_behind(string kind)
    {
        using CausalLanguageModel model = Build(kind);
        using var outer = torch.NewDisposeScope();
        (Tensor ids, Tensor mask) = Batch();
        using var scope = torch.NewDisposeScope();
        using Tensor logits = model.call(ids, mask);
        Assert.Equal(1, scope.DisposablesCount);
        using Tensor loss = model.Loss(ids, mask, ids);
        Assert.Equal(2, scope.DisposablesCount);
        using Tensor generated = model.Generate(ids, 2);
        Assert.Equal(3, scope.DisposablesCount);
        Assert.Equal([3, 11], generated.shape);
    }

    [Fact]
    public void Half_precision_stays_near_float32()
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        Dictionary<string, Tensor> io = Fixtures.Tensors("hf", "llama", "io.safetensors");
        using var model = LlamaForCausalLM.FromPretrained(Fixtures.Path("hf", "llama"), dtype: ScalarType.BFloat16);
        Tensor logits = model.call(io["in.input_ids"], io["in.attention_mask"]);
        Assert.Equal(ScalarType.BFloat16, logits.dtype);
        Tensor expected = io["out.logits"] * io["in.attention_mask"].unsqueeze(-1);
        TensorAssert.Close(expected, logits.to(ScalarType.Float32), 0.02 * expected.abs().max().item<float>());
    }

    [Fact]
    public void A_batch_that_is_too_long_and_labels_of_another_shape_are_sentences()
    {
        using var scope = torch.NewDisposeScope();
        using CausalLanguageModel model = Build("gpt2");
        Assert.Contains("17 positions and the model 16", Assert.Throws<AdaLoRAException>(() => model.call(torch.ones(1, 17, dtype: ScalarType.Int64), null)).Message, StringComparison.Ordinal);
        Tensor ids = torch.ones(2, 4, dtype: ScalarType.Int64);
        Assert.Contains("The labels are [2, 3] and the ids [2, 4]", Assert.Throws<AdaLoRAException>(() => model.Loss(ids, null, ids.narrow(1, 0, 3))).Message, StringComparison.Ordinal);
    }

    private static CausalLanguageModel Build(string kind)
    {
        torch.manual_seed(1);
        return kind == "gpt2" ? new Gpt2ForCausalLM(SmallGpt2) : new LlamaForCausalLM(SmallLlama);
    }

    private static (Tensor Ids, Tensor Mask) Batch()
    {
        Tensor mask = torch.ones(3, 9, dtype: ScalarType.Int64);
        mask[1, 5..] = 0;
        mask[2, 2..] = 0;
        return (torch.arange(5, 32, dtype: ScalarType.Int64).view(3, 9), mask);
    }
}
