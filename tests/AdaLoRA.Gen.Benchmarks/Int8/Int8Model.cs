using System.Runtime.InteropServices;
using AdaLoRA.Gen.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Int8;

/// <summary>A Llama of any shape on random int8 rows. It is built without memory and filled matrix by matrix; no matrix ever is floats.</summary>
internal static class Int8Model
{
    /// <summary>Llama 3 8B: 8.03 B parameters.</summary>
    public static LlamaConfig Llama8B => new()
    {
        VocabSize = 128_256, HiddenSize = 4_096, LayerCount = 32, HeadCount = 32, KeyValueHeadCount = 8, IntermediateSize = 14_336, RmsNormEps = 1e-5, RopeTheta = 500_000,
    };

    /// <summary>Standard deviation of the weights: as Hugging Face initialises them.</summary>
    private const double Deviation = 0.02;

    // Of a uniform byte: 256 ÷ √12.
    private const double DeviationOfBytes = 73.9;

    public static LlamaForCausalLM Build(LlamaConfig config)
    {
        var model = new LlamaForCausalLM(config, META, ScalarType.Float32, BaseWeights.Int8Rows);
        var random = new Random(1);
        var pool = Pool(random);
        foreach (var module in model.modules().ToList())
        {
            using var scope = NewDisposeScope();
            if (module is QuantizableLayer layer) layer.SetInt8(Bytes(layer.weight.shape, pool, random), full(layer.weight.shape[0], 1, Deviation / DeviationOfBytes));
            else if (module is RmsNorm norm) norm.weight = new Parameter(ones(norm.weight.shape[0]));
        }
        if (model.parameters().Any(p => p.device_type == DeviceType.META)) throw new InvalidOperationException("A parameter of the model was not filled.");
        return model;
    }

    private static Tensor Bytes(long[] shape, sbyte[] pool, Random random)
    {
        var bytes = empty(shape, dtype: ScalarType.Int8);
        // Eight billion draws take a minute; pieces of a pool, each from another place, are as random to a product.
        for (var rest = MemoryMarshal.Cast<byte, sbyte>(bytes.bytes); rest.Length > 0;)
        {
            int from = random.Next(pool.Length / 2), count = Math.Min(rest.Length, pool.Length - from);
            pool.AsSpan(from, count).CopyTo(rest);
            rest = rest[count..];
        }
        return bytes;
    }

    private static sbyte[] Pool(Random random)
    {
        var pool = new sbyte[1 << 23];
        random.NextBytes(MemoryMarshal.AsBytes(pool.AsSpan()));
        // −128 is no value of a symmetric int8.
        foreach (ref sbyte value in pool.AsSpan()) value = Math.Max(value, (sbyte)-127);
        return pool;
    }
}
