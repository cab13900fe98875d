using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Serialization.Gguf;

public sealed class LlamaGgufKeysTests
{
    [Theory]
    [InlineData("model.layers.0.self_attn.q_proj", "blk.0.attn_q")]
    [InlineData("model.layers.3.self_attn.k_proj", "blk.3.attn_k")]
    [InlineData("model.layers.12.self_attn.v_proj", "blk.12.attn_v")]
    [InlineData("model.layers.9.self_attn.o_proj", "blk.9.attn_output")]
    [InlineData("model.layers.10.mlp.gate_proj", "blk.10.ffn_gate")]
    [InlineData("model.layers.1.mlp.up_proj", "blk.1.ffn_up")]
    [InlineData("model.layers.1.mlp.down_proj", "blk.1.ffn_down")]
    [InlineData("model.embed_tokens", "token_embd")]
    [InlineData("lm_head", "output")]
    public void Every_module_has_its_name_and_comes_back(string path, string name)
    {
        Assert.Equal(name, LlamaGgufKeys.NameOf(path));
        Assert.Equal(path, LlamaGgufKeys.PathOf(name));
    }

    [Fact]
    public void A_model_without_a_head_has_the_same_names()
    {
        Assert.Equal("blk.2.ffn_up", LlamaGgufKeys.NameOf("layers.2.mlp.up_proj"));
        Assert.Equal("token_embd", LlamaGgufKeys.NameOf("embed_tokens"));
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.qkv_proj")]
    [InlineData("model.layers.0.self_attn")]
    [InlineData("model.layers.00.self_attn.q_proj")]
    [InlineData("model.layers.+1.self_attn.q_proj")]
    [InlineData("model.layers.-1.self_attn.q_proj")]
    [InlineData("model.layers..self_attn.q_proj")]
    [InlineData("model.layers.99999999999.self_attn.q_proj")]
    [InlineData("model.norm")]
    [InlineData("blk.0.attn_q")]
    [InlineData("")]
    public void Other_modules_have_none(string path) => Assert.Null(LlamaGgufKeys.NameOf(path));

    [Theory]
    [InlineData("blk.01.attn_q")]
    [InlineData("blk.0.attn_norm")]
    [InlineData("blk.0")]
    [InlineData("model.embed_tokens")]
    public void Other_names_belong_to_no_module(string name) => Assert.Null(LlamaGgufKeys.PathOf(name));

    /// <summary>LlamaModel.permute of llama.cpp, worked out by hand for two heads of four rows.</summary>
    [Fact]
    public void The_halves_of_a_head_are_interleaved()
    {
        using Tensor rows = torch.arange(8, dtype: ScalarType.Float32).view(8, 1);
        using Tensor permuted = LlamaHeads.Permute(rows, 2);
        Assert.Equal([0f, 2f, 1f, 3f, 4f, 6f, 5f, 7f], permuted.data<float>().ToArray());
        using Tensor back = LlamaHeads.Unpermute(permuted, 2);
        Assert.Equal(rows.data<float>().ToArray(), back.data<float>().ToArray());
    }

    /// <summary>
    /// Why the rows are reordered: Hugging Face turns element j of a head with element j + half, ggml turns 2j with 2j + 1, by the same angles. Turned in either way, a head must
    /// be the same vector in another order.
    /// </summary>
    [Theory]
    [InlineData(1, 4)]
    [InlineData(3, 10)]
    [InlineData(8, 64)]
    public void Rotating_halves_and_then_reordering_is_reordering_and_then_rotating_neighbours(int heads, int length)
    {
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(heads);
        Tensor vector = torch.randn(heads * length, 1);
        float[] angles = [.. Enumerable.Range(0, length / 2).Select(j => 5f * MathF.Pow(10000f, -2f * j / length))];
        Tensor halves = Rotate(vector, heads, j => (j, j + length / 2), angles), neighbours = Rotate(LlamaHeads.Permute(vector, heads), heads, j => (2 * j, 2 * j + 1), angles);
        Assert.Equal(LlamaHeads.Permute(halves, heads).data<float>().ToArray(), neighbours.data<float>().ToArray());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(4, 0)]
    [InlineData(4, 3)]
    [InlineData(2, 4)]
    public void Heads_that_cannot_be_are_refused(int heads, int keys) => Assert.Contains("num_attention_heads", Assert.Throws<AdaLoRAException>(() => new LlamaHeads(heads, keys)).Message, StringComparison.Ordinal);

    private static Tensor Rotate(Tensor vector, int heads, Func<int, (int First, int Second)> pair, float[] angles)
    {
        float[] values = vector.data<float>().ToArray();
        int length = values.Length / heads;
        for (int head = 0; head < heads; head++)
        {
            for (int j = 0; j < angles.Length; j++)
            {
                (int first, int second) = pair(j);
                (first, second) = (head * length + first, head * length + second);
                (float x, float y, float cos, float sin) = (values[first], values[second], MathF.Cos(angles[j]), MathF.Sin(angles[j]));
                (values[first], values[second]) = (x * cos - y * sin, x * sin + y * cos);
            }
        }
        return torch.tensor(values).view(-1, 1);
    }
}
