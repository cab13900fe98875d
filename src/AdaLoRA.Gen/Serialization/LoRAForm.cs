using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>One adapter as plain LoRA with scale 1, exactly: A' = E·A·scale, B' = B, removed triplets left out. No decomposition is needed: Λ is diagonal.</summary>
/// <param name="Adapter">The adapter.</param>
/// <param name="A">[r, in], in the adapters' element type on the CPU.</param>
/// <param name="B">[out, r].</param>
internal sealed record LoRAForm(Adapter Adapter, Tensor A, Tensor B)
{
    /// <summary>Rank as PEFT counts it, which is larger for a grouped convolution.</summary>
    public int StoredRank => (int)Adapter.Layer.LoRAFactorA(A).shape[0];

    /// <summary>Those of a set that have a rank; made inside the caller's dispose scope.</summary>
    /// <exception cref="AdaLoRAException">Nothing is left to export.</exception>
    public static List<LoRAForm> Of(AdapterSet set)
    {
        var forms = new List<LoRAForm>();
        foreach (var adapter in set.Adapters)
        {
            bool[] kept = SavedTriplets.Of(adapter);
            if (!kept.Contains(true)) continue;
            var index = SavedTriplets.Index(kept);
            var a = adapter.lora_A.detach().cpu();
            // Multiplied in double and rounded once.
            using var scale = adapter.Scale.ToScalar();
            var factor = adapter.lora_E is { } e ? e.detach().cpu().to(ScalarType.Float64).mul(scale) : full([a.shape[0], 1], scale, dtype: ScalarType.Float64);
            forms.Add(new LoRAForm(adapter, a.to(ScalarType.Float64).mul(factor).to(a.dtype).index_select(0, index), adapter.lora_B.detach().cpu().index_select(1, index).contiguous()));
        }
        return forms.Count > 0 ? forms : throw new AdaLoRAException($"Every target of {set.ModelName} has rank 0; there is nothing to export.");
    }

    /// <summary>The two tensors with their PEFT keys.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Tensors(AdapterSet set)
    {
        string path = set.CheckpointPath(Adapter);
        yield return KeyValuePair.Create(PeftKeys.Of(path, "lora_A", AdapterMethod.LoRA, Adapter.Layer.IsEmbedding), Adapter.Layer.LoRAFactorA(A).contiguous());
        yield return KeyValuePair.Create(PeftKeys.Of(path, "lora_B", AdapterMethod.LoRA, Adapter.Layer.IsEmbedding), Adapter.Layer.LoRAFactorB(B).contiguous());
    }
}
