using AdaLoRA.Gen.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Encoding;

/// <summary>Layers as checkpoints train as layers do, bit for bit, dropout and padding included.</summary>
public sealed class CheckpointedLayersTests
{
    private static readonly BertConfig Bert = new() { VocabSize = 50, HiddenSize = 24, LayerCount = 2, HeadCount = 3, IntermediateSize = 40, MaxPositions = 16, LabelCount = 3, InitializerRange = 0.3 };
    private static readonly Gpt2Config Gpt2 = new() { VocabSize = 50, HiddenSize = 24, LayerCount = 2, HeadCount = 3, MaxPositions = 16, InitializerRange = 0.3, AttentionDropout = 0.1, EmbeddingDropout = 0.1, ResidualDropout = 0.1 };
    private static readonly LlamaConfig Llama = new() { VocabSize = 50, HiddenSize = 24, LayerCount = 2, HeadCount = 6, KeyValueHeadCount = 2, HeadSize = 8, IntermediateSize = 40, InitializerRange = 0.3 };

    [Theory]
    [InlineData("bert")]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void A_model_with_checkpoints_trains_to_the_same_bits(string kind)
    {
        (byte[] adapters, float[] losses, int runs) = Train(kind, checkpointing: false);
        (byte[] again, float[] sameLosses, int twice) = Train(kind, checkpointing: true);
        Assert.Equal(losses, sameLosses);
        Assert.Equal(adapters, again);
        Assert.Equal(2 * runs, twice);
    }

    /// <summary>Away from the CPU a layer reads tensors of the layout, which is disposed with the model's output, before backward.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_layout_that_pads_may_be_gone_by_backward(bool causal)
    {
        using var scope = torch.NewDisposeScope();
        using var model = new LlamaModel(Llama);
        (Tensor ids, Tensor mask) = Batch();
        string[] bits = [.. ((bool[])[false, true]).Select(checkpoint =>
        {
            Tensor state = randn([16, 24], generator: torch.manual_seed(3)).requires_grad_(true);
            TokenLayout layout = TokenLayout.Of(mask.flip(1), torch.CPU, inBlocks: false, causal);
            RotaryAngles angles = model.Angles(layout);
            LlamaDecoderLayer layer = model.layers[0];
            Tensor y = checkpoint ? LayerCheckpoint.Run(layer, (h, places, turns) => layer.call(h, places, turns), state, layout, angles) : layer.call(state, layout, angles);
            layout.Dispose();
            angles.Dispose();
            y.square().sum().backward();
            ActivationCheckpoint.ThrowIfFailed();
            return Convert.ToHexString(state.grad!.bytes);
        })];
        Assert.Equal(bits[0], bits[1]);
    }

    private static (byte[] Adapters, float[] Losses, int LayerRuns) Train(string kind, bool checkpointing)
    {
        torch.manual_seed(1).Dispose();
        using nn.Module model = Build(kind, checkpointing, out string layers, out Func<Tensor, Tensor, Tensor> loss);
        int runs = 0;
        var layer = model.named_modules().First(m => m.name == layers + ".0").module;
        if (layer is nn.Module<Tensor, TokenLayout, Tensor> one) one.register_forward_hook((_, _, _, y) => Counted(y));
        else ((LlamaDecoderLayer)layer).register_forward_hook((_, _, _, _, y) => Counted(y));
        AdapterSet set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 8, InitialRank = 4, Targets = [$"{layers}.*.{Targets(kind)}"], Dropout = 0.1, InitialWarmup = 2, FinalWarmup = 2, Interval = 1 });
        model.train();
        using AdaLoRAOptimizer optimizer = set.CreateOptimizer(6, 1e-2);
        var losses = new float[6];
        for (int t = 0; t < losses.Length; t++)
        {
            using var scope = torch.NewDisposeScope();
            torch.manual_seed(100 + t).Dispose();
            (Tensor ids, Tensor mask) = Batch();
            Tensor value = loss(ids, mask);
            value.backward();
            optimizer.step();
            losses[t] = value.item<float>();
        }
        Assert.All(losses, value => Assert.True(float.IsFinite(value)));
        return ([.. set.Adapters.SelectMany(a => (byte[])[.. a.lora_A.bytes, .. a.lora_B.contiguous().bytes])], losses, runs);

        Tensor Counted(Tensor y)
        {
            runs++;
            return y;
        }
    }

    private static nn.Module Build(string kind, bool checkpointing, out string layers, out Func<Tensor, Tensor, Tensor> loss)
    {
        switch (kind)
        {
            case "bert":
                var bert = new BertForSequenceClassification(Bert) { ActivationCheckpointing = checkpointing };
                layers = "bert.encoder.layer";
                loss = (ids, mask) => nn.functional.cross_entropy(bert.call(ids, mask, null), torch.tensor(new long[] { 0, 1, 2 }));
                return bert;
            case "gpt2":
                var gpt2 = new Gpt2ForCausalLM(Gpt2) { ActivationCheckpointing = checkpointing };
                layers = "transformer.h";
                loss = (ids, mask) => gpt2.Loss(ids, mask, ids);
                return gpt2;
            default:
                var llama = new LlamaForCausalLM(Llama) { ActivationCheckpointing = checkpointing };
                layers = "model.layers";
                loss = (ids, mask) => llama.Loss(ids, mask, ids);
                return llama;
        }
    }

    private static string Targets(string kind) => kind switch { "bert" => "{query,dense}", "gpt2" => "{c_attn,c_fc}", _ => "{q_proj,down_proj}" };

    /// <summary>9, 5 and 2 tokens.</summary>
    private static (Tensor Ids, Tensor Mask) Batch()
    {
        using var generator = new Generator(4);
        Tensor ids = torch.randint(50, [3, 9], dtype: ScalarType.Int64, generator: generator);
        Tensor mask = torch.arange(9).unsqueeze(0).lt(torch.tensor(new long[] { 9, 5, 2 }).unsqueeze(1)).to(ScalarType.Int64);
        return (ids, mask);
    }
}
