using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Serialization.Gguf;

public sealed class GgufLoraTests
{
    /// <summary>
    /// What llama.cpp adds to each weight, computed from the file as it does it: scale = alpha ? userScale * alpha / rank : userScale (get_scale in src/llama-adapter.h), with the
    /// rank of the pair, then b·a·scale. It must be the B·A that was given, with the rows in llama.cpp's order. Whole numbers: nothing may round, and nothing does.
    /// </summary>
    [Theory]
    [InlineData(1f)]
    [InlineData(0.5f)]
    public void With_alpha_0_llama_cpp_adds_exactly_BA_whatever_the_ranks(float userScale)
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        var random = new Random(5);
        var heads = new LlamaHeads(4, 2);
        (string Path, Tensor A, Tensor B)[] adapters =
        [
            ("model.layers.0.self_attn.q_proj", Whole(random, 1, 32), Whole(random, 32, 1)), ("model.layers.0.self_attn.k_proj", Whole(random, 7, 32), Whole(random, 16, 7)),
            ("model.layers.0.self_attn.v_proj", Whole(random, 3, 32), Whole(random, 16, 3)), ("model.layers.1.self_attn.o_proj", Whole(random, 5, 32), Whole(random, 32, 5)),
            ("model.layers.1.mlp.down_proj", Whole(random, 12, 48), Whole(random, 32, 12)), ("lm_head", Whole(random, 2, 32), Whole(random, 64, 2)),
        ];
        string path = folder.File("adapter.gguf");
        GgufLoraWriter.Write(path, heads, alpha: 0, adapters);

        using GgufFile file = GgufFile.Open(path);
        float alpha = file.Metadata.TryGetValue("adapter.lora.alpha", out GgufValue? value) ? (float)value.Value : 0;
        foreach ((string module, Tensor a, Tensor b) in adapters)
        {
            string name = LlamaGgufKeys.NameOf(module)!;
            Tensor fileA = file.Read($"{name}.weight.lora_a"), fileB = file.Read($"{name}.weight.lora_b");
            float rank = fileB.shape[1];
            float scale = alpha != 0 ? userScale * alpha / rank : userScale;
            Tensor expected = b.matmul(a) * userScale;
            if (module.EndsWith("q_proj", StringComparison.Ordinal)) expected = LlamaHeads.Permute(expected, 4);
            if (module.EndsWith("k_proj", StringComparison.Ordinal)) expected = LlamaHeads.Permute(expected, 2);
            Assert.True((fileB.matmul(fileA) * scale).eq(expected).all().item<bool>(), module);
        }
    }

    [Fact]
    public void With_an_alpha_every_pair_is_scaled_by_its_own_rank()
    {
        using Tensor a = torch.ones(4, 8), b = torch.ones(8, 4);
        var pair = new GgufLoraPair("lm_head", a, b);
        Assert.Equal((4f, 2f, 1f, 0.5f), (pair.Scale(16), pair.Scale(16, 0.5f), pair.Scale(0), pair.Scale(0, 0.5f)));
    }

    [Fact]
    public void A_file_of_gguf_py_is_read_with_the_rows_put_back()
    {
        using var scope = torch.NewDisposeScope();
        Dictionary<string, Tensor> expected = Fixtures.Tensors("formats", "lora-llama.expected.safetensors");
        using GgufLora lora = GgufLoraReader.Read(Fixtures.Path("formats", "lora-llama.gguf"), new LlamaHeads(4, 2));
        Assert.Equal((4f, "tiny", 8), (lora.Alpha, lora.Name, lora.Pairs.Count));
        Assert.Equal(["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj", "model.layers.0.mlp.gate_proj", "model.layers.0.mlp.down_proj"], lora.Pairs.Take(4).Select(pair => pair.Path));
        Same(expected["blk.1.attn_v.weight.lora_b"], lora.Pairs.Single(pair => pair.Path == "model.layers.1.self_attn.v_proj").B);
        GgufLoraPair query = lora.Pairs[0];
        Same(expected["blk.0.attn_q.weight.lora_a"], query.A);
        float[] inFile = expected["blk.0.attn_q.weight.lora_b"].data<float>().ToArray(), back = query.B.data<float>().ToArray();
        // Row 8·h + j of half p of head h lies at 8·h + 2·j + p in the file.
        for (int row = 0; row < 32; row++)
        {
            (int head, int half, int j) = (row / 8, row % 8 / 4, row % 4);
            for (int r = 0; r < 4; r++) Assert.Equal(inFile[(8 * head + 2 * j + half) * 4 + r], back[row * 4 + r]);
        }
    }

    [Fact]
    public void A_file_of_gguf_py_read_and_written_again_has_the_same_tensors()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        var heads = new LlamaHeads(4, 2);
        using GgufLora lora = GgufLoraReader.Read(Fixtures.Path("formats", "lora-llama.gguf"), heads);
        GgufLoraWriter.Write(folder.File("again.gguf"), heads, lora.Alpha, lora.Pairs.Select(pair => (pair.Path, pair.A, pair.B)), lora.Name);
        using GgufFile first = GgufFile.Open(Fixtures.Path("formats", "lora-llama.gguf")), again = GgufFile.Open(folder.File("again.gguf"));
        Assert.Equal(first.Names, again.Names);
        foreach (string name in first.Names) Same(first.Read(name), again.Read(name));
        foreach ((string key, GgufValue value) in first.Metadata) Assert.Equal(value.Value, again.Metadata[key].Value);
    }

    [Fact]
    public void Random_adapters_come_back_bit_for_bit()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(11);
        for (int round = 0; round < 60; round++)
        {
            using var scope = torch.NewDisposeScope();
            int keys = random.Next(1, 5), queries = keys * random.Next(1, 5), half = random.Next(1, 9);
            var heads = new LlamaHeads(queries, keys);
            (string Path, Tensor A, Tensor B)[] adapters = [.. RandomAdapters(random, heads, half)];
            float alpha = round % 3 == 0 ? 0 : random.Next(1, 64);
            GgufLoraWriter.Write(folder.File("a.gguf"), heads, alpha, adapters, round % 2 == 0 ? $"round {round}" : null);
            using GgufLora lora = GgufLoraReader.Read(folder.File("a.gguf"));
            Assert.Equal((alpha, heads, round % 2 == 0 ? $"round {round}" : null), (lora.Alpha, lora.Heads, lora.Name));
            Assert.Equal(adapters.Select(adapter => adapter.Path), lora.Pairs.Select(pair => pair.Path));
            foreach (((_, Tensor a, Tensor b), GgufLoraPair pair) in adapters.Zip(lora.Pairs))
            {
                Same(a, pair.A);
                Same(b, pair.B);
            }
        }
    }

    /// <summary>The shapes by which llama_adapter_lora_init_impl (src/llama-adapter.cpp) judges an embedding's pair: a has a row per token, b a row per hidden unit.</summary>
    [Fact]
    public void An_embeddings_A_lies_transposed()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        Tensor a = torch.randn(3, 50), b = torch.randn(16, 3);
        GgufLoraWriter.Write(folder.File("e.gguf"), new LlamaHeads(2, 2), 0, [("model.embed_tokens", a, b)]);
        using GgufFile file = GgufFile.Open(folder.File("e.gguf"));
        Same(a.t().contiguous(), file.Read("token_embd.weight.lora_a"));
        Same(b, file.Read("token_embd.weight.lora_b"));
        using GgufLora lora = GgufLoraReader.Read(folder.File("e.gguf"));
        Same(a, lora.Pairs[0].A);
    }

    [Fact]
    public void What_llama_cpp_demands_is_in_the_file_and_pairs_of_rank_0_are_not()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        GgufLoraWriter.Write(folder.File("m.gguf"), new LlamaHeads(4, 2), 0,
            [("lm_head", torch.ones(2, 8).to(ScalarType.BFloat16), torch.ones(9, 2).to(ScalarType.BFloat16)), ("model.layers.0.mlp.up_proj", torch.ones(0, 8), torch.ones(9, 0))]);
        using GgufFile file = GgufFile.Open(folder.File("m.gguf"));
        Assert.Equal(["output.weight.lora_a", "output.weight.lora_b"], file.Names);
        Assert.Equal(new Dictionary<string, object>
        {
            ["general.architecture"] = "llama", ["general.type"] = "adapter", ["adapter.type"] = "lora", ["adapter.lora.alpha"] = 0f,
            ["llama.attention.head_count"] = 4u, ["llama.attention.head_count_kv"] = 2u, ["general.file_type"] = 32u,
        }, file.Metadata.ToDictionary(pair => pair.Key, pair => pair.Value.Value));
    }

    [Fact]
    public void What_cannot_be_an_adapter_is_refused_before_anything_is_written()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        string path = folder.File("none.gguf");
        Tensor a = torch.ones(2, 8), b = torch.ones(8, 2);
        Refused("no tensor for the adapter of 'score'", ("score", a, b));
        Refused("Two adapters are for", ("lm_head", a, b), ("lm_head", a, b));
        Refused("must be [rank, in] and [out, rank]", ("lm_head", a, torch.ones(8, 3)));
        Refused("must be [rank, in] and [out, rank]", ("lm_head", torch.ones(2), b));
        Refused("8 rows, which are no 8 heads", ("model.layers.0.self_attn.q_proj", a, b));
        Refused("every adapter has rank 0", ("lm_head", torch.ones(0, 8), torch.ones(8, 0)));
        Refused("no adapter was given");
        Assert.Contains("alpha", Assert.Throws<AdaLoRAException>(() => GgufLoraWriter.Write(path, new LlamaHeads(1, 1), float.NaN, [("lm_head", a, b)])).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path));

        void Refused(string says, params (string, Tensor, Tensor)[] adapters) =>
            Assert.Contains(says, Assert.Throws<AdaLoRAException>(() => GgufLoraWriter.Write(path, new LlamaHeads(8, 4), 0, adapters)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_adapter_of_a_llama_is_told()
    {
        using var folder = new TemporaryFolder();
        using var scope = torch.NewDisposeScope();
        string path = folder.File("odd.gguf");
        Tensor a = torch.ones(2, 8), b = torch.ones(8, 2);
        Told("general.type is model", [("output.weight.lora_a", a), ("output.weight.lora_b", b)], ("general.type", "model"));
        Told("adapter.type is missing", [], ("adapter.type", null));
        Told("general.architecture is qwen2", [], ("general.architecture", "qwen2"));
        Told("no finite F32", [], ("adapter.lora.alpha", 8.0));
        Told("neither a lora_a nor a lora_b", [("output.weight", a)]);
        Told("belongs to no module", [("blk.0.nope.weight.lora_a", a), ("blk.0.nope.weight.lora_b", b)]);
        Told("no 'output.weight.lora_b' beside it", [("output.weight.lora_a", a)]);
        Told("do not share a rank", [("output.weight.lora_a", torch.ones(3, 8)), ("output.weight.lora_b", b)]);
        Told("does not say how many heads", [("blk.0.attn_q.weight.lora_a", a), ("blk.0.attn_q.weight.lora_b", b)]);
        Told("8 rows, which are no 8 heads", [("blk.0.attn_q.weight.lora_a", a), ("blk.0.attn_q.weight.lora_b", b)], ("llama.attention.head_count", 8u));
        Told("its head counts are 8 and 3", [], ("llama.attention.head_count", 8u), ("llama.attention.head_count_kv", 3u));
        GgufLoraWriter.Write(path, new LlamaHeads(4, 2), 0, [("lm_head", a, b)]);
        Assert.Contains("4 and 2 heads, not 2 and 2", Assert.Throws<GgufException>(() => GgufLoraReader.Read(path, new LlamaHeads(2, 2))).Message, StringComparison.Ordinal);

        void Told(string says, (string Name, Tensor Tensor)[] tensors, params (string Key, object? Value)[] changes)
        {
            var metadata = new OrderedDictionary<string, GgufValue> { ["general.architecture"] = GgufValue.Of("llama"), ["general.type"] = GgufValue.Of("adapter"), ["adapter.type"] = GgufValue.Of("lora") };
            foreach ((string key, object? value) in changes)
            {
                if (value is null) metadata.Remove(key);
                else metadata[key] = GgufValue.Of(value);
            }
            GgufWriter.Write(path, metadata, tensors.Select(tensor => KeyValuePair.Create(tensor.Name, tensor.Tensor)));
            Assert.Contains(says, Assert.Throws<GgufException>(() => GgufLoraReader.Read(path)).Message, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<(string, Tensor, Tensor)> RandomAdapters(Random random, LlamaHeads heads, int half)
    {
        ScalarType[] types = [ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16];
        int hidden = random.Next(1, 40);
        string[] modules = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];
        yield return ("model.embed_tokens", torch.randn(2, 30), torch.randn(hidden, 2));
        for (int layer = 0; layer < 2; layer++)
        {
            foreach (string module in modules.Where(_ => random.Next(4) > 0))
            {
                int rank = random.Next(1, 9);
                int rows = module switch { "self_attn.q_proj" => heads.HeadCount * 2 * half, "self_attn.k_proj" => heads.KeyValueHeadCount * 2 * half, _ => random.Next(1, 40) };
                ScalarType type = types[random.Next(types.Length)];
                yield return ($"model.layers.{layer * 11}.{module}", torch.randn(rank, hidden).to(type), torch.randn(rows, rank).to(type));
            }
        }
    }

    private static Tensor Whole(Random random, long rows, long columns) => torch.tensor(Enumerable.Range(0, (int)(rows * columns)).Select(_ => (float)random.Next(-8, 9)).ToArray()).view(rows, columns);

    private static void Same(Tensor expected, Tensor actual)
    {
        Assert.Equal((expected.dtype, string.Join(", ", expected.shape)), (actual.dtype, string.Join(", ", actual.shape)));
        Assert.True(expected.contiguous().bytes.SequenceEqual(actual.bytes));
    }
}
