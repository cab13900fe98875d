using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Regressions;

/// <summary>Passes: masks with padding on the left and with holes against the plain formulas, written down once more; heads that are wider than H ÷ heads; late positions.</summary>
public sealed class MasksOfEveryShapeTests
{
    private static readonly LlamaConfig Config = new()
    {
        VocabSize = 50, HiddenSize = 12, LayerCount = 2, HeadCount = 4, KeyValueHeadCount = 2, HeadSize = 10, IntermediateSize = 20, InitializerRange = 0.3, AttentionBias = true, MlpBias = true,
        RopeTheta = 500, RopeScaling = new Llama3Scaling(8, 1, 4, 32),
    };

    private static Tensor Naive(LlamaForCausalLM model, Tensor ids, Tensor mask)
    {
        var (c, m) = (model.Config, model.model);
        long b = ids.shape[0], t = ids.shape[1], d = 10;
        var x = m.embed_tokens.call(ids);
        var exponents = arange(0, d, 2, dtype: ScalarType.Float64) / d;
        var f = full_like(exponents, c.RopeTheta).pow(exponents).reciprocal();
        double[] scaled = [.. f.data<double>().ToArray().Select(v =>
        {
            double wave = 2 * Math.PI / v;
            if (wave < 32.0 / 4) return v;
            if (wave > 32.0 / 1) return v / 8;
            double s = (32 / wave - 1) / (4 - 1);
            return (1 - s) * v / 8 + s * v;
        })];
        var angle = arange(t, dtype: ScalarType.Float64).outer(tensor(scaled));
        angle = cat([angle, angle], -1);
        Tensor cos = angle.cos().to(x.dtype), sin = angle.sin().to(x.dtype);
        Tensor Rope(Tensor q)
        {
            var h = q.chunk(2, -1);
            return q * cos + cat([-h[1], h[0]], -1) * sin;
        }
        var open = mask.ne(0).view(b, 1, 1, t).logical_and(ones(t, t, dtype: ScalarType.Bool).tril());
        Tensor Norm(RmsNorm n, Tensor v) => n.weight * (v / (v.square().mean([-1], keepdim: true) + c.RmsNormEps).sqrt());
        foreach (var layer in m.layers)
        {
            var n = Norm(layer.input_layernorm, x);
            var a = layer.self_attn;
            Tensor q = Rope(a.q_proj.call(n).view(b, t, 4, d).transpose(1, 2)), k = Rope(a.k_proj.call(n).view(b, t, 2, d).transpose(1, 2)), v = a.v_proj.call(n).view(b, t, 2, d).transpose(1, 2);
            (k, v) = (k.repeat_interleave(2, 1), v.repeat_interleave(2, 1));
            var scores = q.matmul(k.transpose(-1, -2)) / Math.Sqrt(d);
            var p = scores.masked_fill(open.logical_not(), -1e30).softmax(-1);
            x = x + a.o_proj.call(p.matmul(v).transpose(1, 2).reshape(b, t, -1));
            n = Norm(layer.post_attention_layernorm, x);
            x = x + layer.mlp.down_proj.call(nn.functional.silu(layer.mlp.gate_proj.call(n)) * layer.mlp.up_proj.call(n));
        }
        var y = Norm(m.norm, x);
        return (model.lm_head is { } head ? head.call(y) : nn.functional.linear(y, m.embed_tokens.weight!)) * mask.unsqueeze(-1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Logits_are_those_of_the_formulas(bool tied)
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(5);
        using var _ = no_grad();
        var model = new LlamaForCausalLM(Config with { TieWordEmbeddings = tied }, dtype: ScalarType.Float64);
        model.eval();
        foreach (var (name, p) in model.named_parameters()) if (name.EndsWith("bias", StringComparison.Ordinal) || name.Contains("norm", StringComparison.Ordinal)) p.add_(randn_like(p) * 0.3);
        var ids = randint(50, [6, 40], dtype: ScalarType.Int64);
        var mask = rand(6, 40).gt(0.3).to(ScalarType.Int64);
        mask[0].fill_(1);
        mask[1].fill_(1); mask[1].narrow(0, 0, 9).fill_(0);
        mask[2].fill_(1); mask[2].narrow(0, 31, 9).fill_(0);
        mask[3].fill_(0); mask[3][39] = 1;
        var error = (model.call(ids, mask) - Naive(model, ids, mask)).abs().max().item<double>();
        Assert.True(error < 1e-5, $"{error}");
    }
}
