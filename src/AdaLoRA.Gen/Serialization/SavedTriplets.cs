using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Which triplets are saved. One is left out only when the pattern removed it and its λ is exactly zero, so that what is saved computes what the model in memory computes;
/// between two allocations the optimizer may have revived a removed λ (PEFT loses those).
/// </summary>
internal static class SavedTriplets
{
    public static bool[] Of(Adapter adapter)
    {
        if (adapter.lora_E is not { } e) return [.. Enumerable.Repeat(true, adapter.InitialRank)];
        var lambda = e.detach().cpu().to(ScalarType.Float64).reshape(-1).data<double>().ToArray();
        bool[] mask = adapter.Mask().ToArray();
        return [.. lambda.Select((v, k) => mask[k] || v != 0)];
    }

    public static Tensor Index(bool[] kept) => tensor(Enumerable.Range(0, kept.Length).Where(k => kept[k]).Select(k => (long)k).ToArray(), dtype: ScalarType.Int64);
}
