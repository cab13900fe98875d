using System.Collections.Generic;
using System.Linq;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.MoreTransformers;

/// <summary>Llama's names, with grouped key and value heads.</summary>
[AdaLoRA(Budget = 20, Targets = ["model.layers.*.self_attn.{q,k,v,o}_proj", "model.layers.*.mlp.{gate,up,down}_proj"])]
public sealed partial class LlamaForCausalLM : Module<Tensor, Tensor>
{
    private readonly LlamaModel model;
    private readonly Linear lm_head;

    public LlamaForCausalLM() : base("llama")
    {
        model = new LlamaModel(depth: 2, width: 8);
        lm_head = Linear(8, 32, hasBias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor ids) => lm_head.call(model.call(ids));

    public sealed class LlamaModel : Module<Tensor, Tensor>
    {
        private readonly Embedding embed_tokens;
        private readonly ModuleList<DecoderLayer> layers;
        private readonly RmsNorm norm;

        public LlamaModel(int depth, int width) : base("model")
        {
            embed_tokens = Embedding(32, width);
            layers = new ModuleList<DecoderLayer>();
            while (layers.Count < depth) layers.Add(new DecoderLayer(width));
            norm = new RmsNorm(width);
            RegisterComponents();
        }

        public override Tensor forward(Tensor ids)
        {
            var x = embed_tokens.call(ids);
            foreach (var layer in layers) x = layer.call(x);
            return norm.call(x);
        }
    }

    public sealed class DecoderLayer : Module<Tensor, Tensor>
    {
        private readonly Attention self_attn;
        private readonly Mlp mlp;
        private readonly RmsNorm input_layernorm, post_attention_layernorm;

        public DecoderLayer(int width) : base("layer")
        {
            (self_attn, mlp) = (new Attention(width), new Mlp(width));
            (input_layernorm, post_attention_layernorm) = (new RmsNorm(width), new RmsNorm(width));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            x = x + self_attn.call(input_layernorm.call(x));
            return x + mlp.call(post_attention_layernorm.call(x));
        }
    }

    public sealed class Attention : Module<Tensor, Tensor>
    {
        private readonly Linear q_proj, k_proj, v_proj, o_proj;

        public Attention(int width) : base("attention")
        {
            q_proj = Linear(width, width, hasBias: false);
            k_proj = Linear(width, width / 2, hasBias: false);
            v_proj = Linear(width, width / 2, hasBias: false);
            o_proj = Linear(width / 2, width, hasBias: false);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => o_proj.call(k_proj.call(x) + v_proj.call(x) + q_proj.call(x).narrow(-1, 0, k_proj.weight.shape[0]));
    }

    public sealed class Mlp : Module<Tensor, Tensor>
    {
        public Linear gate_proj, up_proj, down_proj;

        public Mlp(int width) : base("mlp")
        {
            gate_proj = up_proj = Linear(width, 2 * width, hasBias: false);
            up_proj = Linear(width, 2 * width, hasBias: false);
            down_proj = Linear(2 * width, width, hasBias: false);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => down_proj.call(functional.silu(gate_proj.call(x)) * up_proj.call(x));
    }

    public sealed class RmsNorm : Module<Tensor, Tensor>
    {
        private readonly Parameter weight;

        public RmsNorm(int width) : base("norm")
        {
            weight = new Parameter(ones(width));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => x * rsqrt(x.pow(2).mean([-1], keepdim: true) + 1e-6) * weight;
    }
}

/// <summary>Patches by a convolution, blocks in a Sequential, a token for the class.</summary>
[AdaLoRA(Budget = 8, Targets = ["patch_embed.proj", "blocks.*.attn.qkv", "blocks.*.mlp.fc?"])]
public sealed partial class VisionTransformer : Module<Tensor, Tensor>
{
    private readonly PatchEmbed patch_embed = new(3, 8);
    private readonly Parameter cls_token = new(zeros(1, 1, 8));
    private readonly Sequential blocks = Sequential(new ViTBlock(8), new ViTBlock(8));
    private readonly LayerNorm norm = LayerNorm(8);
    private readonly Linear head = Linear(8, 10);

    public VisionTransformer() : base("vit") { RegisterComponents(); }

    public override Tensor forward(Tensor image)
    {
        var x = cat([cls_token.expand(image.shape[0], -1, -1), patch_embed.call(image)], 1);
        return head.call(norm.call(blocks.call(x)).select(1, 0));
    }
}

public sealed class PatchEmbed : Module<Tensor, Tensor>
{
    private readonly Conv2d proj;

    public PatchEmbed(int channels, int width) : base("patch")
    {
        proj = Conv2d(channels, width, kernel_size: 4, stride: 4);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => proj.call(x).flatten(2).transpose(1, 2);
}

public sealed class ViTBlock : Module<Tensor, Tensor>
{
    private readonly ViTAttention attn;
    private readonly ViTMlp mlp;

    public ViTBlock(int width) : base("block")
    {
        attn = new ViTAttention(width);
        mlp = new ViTMlp(width, 2 * width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => mlp.call(attn.call(x));
}

public sealed class ViTAttention : Module<Tensor, Tensor>
{
    private readonly Linear qkv, proj;

    public ViTAttention(int width) : base("attention")
    {
        qkv = Linear(width, 3 * width);
        proj = Linear(width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => proj.call(qkv.call(x).chunk(3, -1)[2]);
}

public sealed class ViTMlp : Module<Tensor, Tensor>
{
    private readonly Linear fc1;
    private readonly Linear fc2;
    private readonly Module<Tensor, Tensor> act;

    public ViTMlp(int width, int hidden, Module<Tensor, Tensor>? act = null) : base("mlp")
    {
        fc1 = Linear(width, hidden);
        this.act = act ?? GELU();
        fc2 = Linear(hidden, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => fc2.call(act.call(fc1.call(x)));
}

/// <summary>An encoder and a decoder with cross-attention, T5's names through attributes.</summary>
[AdaLoRA(Budget = 12, Targets = ["{encoder,decoder}.block.*.SelfAttention.{q,v}", "decoder.block.*.EncDecAttention.q"])]
public sealed partial class T5 : Module<Tensor, Tensor, Tensor>
{
    private readonly T5Stack encoder = new(2, isDecoder: false);
    private readonly T5Stack decoder = new(2, isDecoder: true);

    public T5() : base("t5") { RegisterComponents(); }

    public override Tensor forward(Tensor source, Tensor target) => decoder.Run(target, encoder.Run(source, null));

    public sealed class T5Stack : Module
    {
        private readonly ModuleList<T5Block> block;

        public T5Stack(int depth, bool isDecoder) : base("stack")
        {
            block = [.. Enumerable.Range(0, depth).Select(_ => new T5Block(8, isDecoder))];
            RegisterComponents();
        }

        public Tensor Run(Tensor x, Tensor? memory)
        {
            foreach (var one in block) x = one.Run(x, memory);
            return x;
        }
    }

    public sealed class T5Block : Module
    {
        [ComponentName(Name = "SelfAttention")]
        private readonly T5Attention _self;

        [ComponentName(Name = "EncDecAttention")]
        private readonly T5Attention? _cross;

        public T5Block(int width, bool isDecoder) : base("block")
        {
            _self = new T5Attention(width);
            _cross = isDecoder ? new T5Attention(width) : null;
            RegisterComponents();
        }

        public Tensor Run(Tensor x, Tensor? memory) => _cross is not null && memory is not null ? _cross.call(_self.call(x)) + memory : _self.call(x);
    }

    public sealed class T5Attention : Module<Tensor, Tensor>
    {
        private readonly Linear q, k, v, o;

        public T5Attention(int width) : base("attention")
        {
            Linear Make() => Linear(width, width, hasBias: false);
            (q, k, v, o) = (Make(), Make(), Make(), Make());
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => o.call(q.call(x) * k.call(x) + v.call(x));
    }
}
