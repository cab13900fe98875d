using System.Buffers.Binary;
using System.Text;
using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Fuzzing.Targets;

/// <summary>A GGUF file as a file, every tensor of it, and as the adapter of a Llama. In memory.</summary>
internal sealed class GgufTarget : IFuzzTarget
{
    /// <summary>The edges of lengths and counts.</summary>
    private static readonly ulong[] Edges = [0, 1, 2, 31, 33, 0x7F, 0xFF, 0xFFFF, 1UL << 31, uint.MaxValue, 1UL << 32, 1UL << 59, 1UL << 61, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue - 31, ulong.MaxValue];

    private static readonly IReadOnlyList<byte[]> Tokens =
    [
        .. new[] { "general.alignment", "general.architecture", "llama", "adapter.lora.alpha", ".lora_a", ".lora_b", "blk.0.attn_q.weight", "token_embd.weight" }.Select(Encoding.UTF8.GetBytes),
        .. Edges.Select(e => { byte[] b = new byte[8]; BinaryPrimitives.WriteUInt64LittleEndian(b, e); return b; }),
    ];

    private byte[] _input = [];

    public GgufTarget()
    {
        using var scope = NewDisposeScope();
        var folder = Directory.CreateTempSubdirectory("adalora-fuzz-");
        try
        {
            string path = Path.Combine(folder.FullName, "seed.gguf");
            (string, Tensor, Tensor)[] pairs = [("model.layers.0.self_attn.q_proj", ones(2, 8), ones(8, 2)), ("model.layers.0.mlp.down_proj", ones(3, 12), ones(8, 3)), ("model.embed_tokens", ones(1, 9), ones(8, 1))];
            GgufLoraWriter.Write(path, new LlamaHeads(4, 2), 4, pairs, "seed");
            byte[] first = File.ReadAllBytes(path);
            GgufLoraWriter.Write(path, new LlamaHeads(4, 2), 0, pairs.Select(p => (p.Item1, p.Item2.to(ScalarType.BFloat16), p.Item3.to(ScalarType.Float16))));
            Seeds = [first, File.ReadAllBytes(path)];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public IReadOnlyList<byte[]> Seeds { get; }

    public (int Factor, int Constant) Allowance => (64, 64 * 1024);

    public byte[] Damage(int seed, Mixer random)
    {
        List<byte> bytes = [.. Seeds[seed]];
        // Mostly in the header: the data can be anything.
        int end = random.OneIn(6) ? bytes.Count : Math.Min(bytes.Count, 700);
        if (random.OneIn(2))
        {
            int at = random.Below(Math.Max(1, end - 8));
            byte[] edge = new byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(edge, random.Pick(Edges));
            for (int i = 0; i < (random.OneIn(2) ? 4 : 8) && at + i < bytes.Count; i++) bytes[at + i] = edge[i];
        }
        ByteDamage.Apply(bytes, end, random, Tokens);
        return [.. bytes];
    }

    public void Place(int seed, byte[] input) => _input = input;

    public void Read()
    {
        using var file = GgufFile.Open(new MemoryStream(_input, writable: false), "input");
        foreach (var (name, tensor) in file.Tensors)
        {
            _ = tensor.ToString();
            if (tensor.ScalarType is not null) file.Read(name).Dispose();
        }
        GgufLoraReader.Read(file, new LlamaHeads(4, 2)).Dispose();
    }

    public void Dispose() { }
}
