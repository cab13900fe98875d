using System;
using System.Linq;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Transformers;

public sealed record GptConfig(int VocabSize = 32, int BlockSize = 16, int Layers = 2, int Heads = 2, int Width = 8, double Dropout = 0.0, bool Bias = true);

public sealed class CausalSelfAttention : Module<Tensor, Tensor>
{
    private readonly Linear c_attn;
    private readonly Linear c_proj;
    private readonly Dropout resid_dropout;
    private readonly int heads;

    public CausalSelfAttention(GptConfig config) : base(nameof(CausalSelfAttention))
    {
        heads = config.Heads;
        c_attn = Linear(config.Width, 3 * config.Width, hasBias: config.Bias);
        c_proj = Linear(config.Width, config.Width, hasBias: config.Bias);
        resid_dropout = Dropout(config.Dropout);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var (b, t, c) = (x.shape[0], x.shape[1], x.shape[2]);
        var parts = c_attn.call(x).chunk(3, -1).Select(p => p.view(b, t, heads, c / heads).transpose(1, 2)).ToArray();
        var y = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_casual: true);
        return resid_dropout.call(c_proj.call(y.transpose(1, 2).contiguous().view(b, t, c)));
    }
}

public sealed class GptBlock : Module<Tensor, Tensor>
{
    private readonly LayerNorm ln_1, ln_2;
    private readonly CausalSelfAttention attn;
    private readonly Sequential mlp;

    public GptBlock(GptConfig config) : base(nameof(GptBlock))
    {
        ln_1 = LayerNorm(config.Width);
        attn = new CausalSelfAttention(config);
        ln_2 = LayerNorm(config.Width);
        mlp = Sequential(("c_fc", Linear(config.Width, 4 * config.Width)), ("gelu", GELU()), ("c_proj", Linear(4 * config.Width, config.Width)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = x + attn.call(ln_1.call(x));
        return x + mlp.call(ln_2.call(x));
    }
}

/// <summary>nanoGPT's way: a ModuleDict of the parts of the transformer, and the head beside it.</summary>
[AdaLoRA(Budget = 8, Targets = ["transformer.h.*.attn.c_{attn,proj}", "transformer.h.*.mlp.c_*"])]
public sealed partial class NanoGpt : Module<Tensor, Tensor>
{
    private readonly ModuleDict<Module> transformer;
    private readonly Linear lm_head;

    public NanoGpt(GptConfig? config = null) : base(nameof(NanoGpt))
    {
        config ??= new GptConfig();
        transformer = ModuleDict(
            ("wte", Embedding(config.VocabSize, config.Width)),
            ("wpe", Embedding(config.BlockSize, config.Width)),
            ("drop", Dropout(config.Dropout)),
            ("h", new ModuleList<GptBlock>(Enumerable.Range(0, config.Layers).Select(_ => new GptBlock(config)).ToArray())),
            ("ln_f", LayerNorm(config.Width)));
        lm_head = Linear(config.Width, config.VocabSize, hasBias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor ids)
    {
        var x = ((Embedding)transformer["wte"]).call(ids) + ((Embedding)transformer["wpe"]).call(arange(ids.shape[1]));
        foreach (var block in (ModuleList<GptBlock>)transformer["h"]) x = block.call(x);
        return lm_head.call(((LayerNorm)transformer["ln_f"]).call(x));
    }
}

/// <summary>GPT with plain fields.</summary>
[AdaLoRA(Budget = 16, InitialRank = 4, Targets = ["h.*.attn.*", "h.*.mlp.c_fc"])]
public sealed partial class Gpt : Module<Tensor, Tensor>
{
    private readonly Embedding wte, wpe;
    private readonly ModuleList<GptBlock> h = new();
    private readonly LayerNorm ln_f;
    private readonly Linear lm_head;

    public Gpt(GptConfig config) : base("GPT")
    {
        wte = Embedding(config.VocabSize, config.Width);
        wpe = Embedding(config.BlockSize, config.Width);
        foreach (int _ in Enumerable.Range(0, config.Layers)) h.Add(new GptBlock(config));
        ln_f = LayerNorm(config.Width);
        lm_head = Linear(config.Width, config.VocabSize, hasBias: false);
        RegisterComponents();
    }

    public static Gpt Create() => new(new GptConfig(Layers: 3));

    public override Tensor forward(Tensor ids)
    {
        var x = wte.call(ids) + wpe.call(arange(ids.shape[1]));
        foreach (var block in h) x = block.call(x);
        return lm_head.call(ln_f.call(x));
    }
}

/// <summary>BERT as Hugging Face names it: attention.self.query, attention.output.dense, intermediate.dense, output.dense.</summary>
[AdaLoRA(Budget = 24, Targets = ["encoder.layer.*.attention.self.{query,key,value}", "*.{intermediate,output}.dense"], Trainable = ["classifier"], CheckpointRoot = "encoder")]
public sealed partial class Bert : Module<Tensor, Tensor>
{
    private readonly Embedding embeddings = Embedding(32, 8);
    private readonly BertEncoder encoder;
    private readonly Linear classifier = Linear(8, 3);

    public Bert(int layers = 2) : base("bert")
    {
        encoder = new BertEncoder(8, layers);
        RegisterComponents();
    }

    public override Tensor forward(Tensor ids) => classifier.call(encoder.call(embeddings.call(ids))[TensorIndex.Ellipsis, 0, TensorIndex.Slice()]);
}

public sealed class BertEncoder : Module<Tensor, Tensor>
{
    private readonly ModuleList<BertLayer> layer;

    public BertEncoder(int width, int layers) : base("encoder")
    {
        layer = new ModuleList<BertLayer>([.. Enumerable.Range(0, layers).Select(_ => new BertLayer(width))]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => layer.Aggregate(x, (state, one) => one.call(state));
}

public sealed class BertLayer : Module<Tensor, Tensor>
{
    private readonly BertAttention attention;
    private readonly Dense intermediate, output;

    public BertLayer(int width) : base("layer")
    {
        attention = new BertAttention(width);
        intermediate = new Dense(width, 2 * width);
        output = new Dense(2 * width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = x + attention.call(x);
        return x + output.call(functional.gelu(intermediate.call(x)));
    }
}

public sealed class BertAttention : Module<Tensor, Tensor>
{
    private readonly BertSelfAttention self;
    private readonly Dense output;

    public BertAttention(int width) : base("attention")
    {
        self = new BertSelfAttention(width);
        output = new Dense(width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => output.call(self.call(x));
}

public sealed class BertSelfAttention : Module<Tensor, Tensor>
{
    private readonly Linear query, key, value;

    public BertSelfAttention(int width) : base("self")
    {
        query = Linear(width, width);
        key = Linear(width, width);
        value = Linear(width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => functional.softmax(query.call(x).matmul(key.call(x).transpose(-2, -1)), -1).matmul(value.call(x));
}

public sealed class Dense : Module<Tensor, Tensor>
{
    private readonly Linear dense;

    public Dense(int from, int to) : base("dense")
    {
        dense = Linear(from, to);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => dense.call(x);
}
