using System.Globalization;
using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

public sealed partial class AdapterSet
{
    /// <summary>
    /// Makes a plain LoRA set whose ΔW is the weighted sum of others': Σ wᵢ ΔWᵢ, layer by layer. Without <paramref name="rank"/> it is exact: the triplets stand side by side, ranks add
    /// up. With it, each layer keeps the best approximation of that rank (truncated SVD, computed on the thin factors). The new set is for inference and is switched on.
    /// </summary>
    /// <param name="name">Name of the new set.</param>
    /// <param name="parts">The sets, all on one model, and their weights; negative ones subtract.</param>
    /// <param name="rank">Largest rank of a layer; null: exact.</param>
    /// <exception cref="AdaLoRAException">
    /// The sets are on different models; or two of them bring along the same module, trained in full: a weighted sum of those is not defined.
    /// </exception>
    public static AdapterSet Combine(string name, IEnumerable<(AdapterSet Set, double Weight)> parts, int? rank = null)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (rank < 1) throw new AdaLoRAException($"The rank of a combination is {rank}; it must be at least 1.");
        var list = parts.ToList();
        var first = RequireCombinable(list);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var layers = list.SelectMany(p => p.Set.Adapters).DistinctBy(a => a.Path, StringComparer.Ordinal).OrderBy(a => a.Path, Comparer<string>.Create(CanonicalOrder.Compare)).ToList();
        var sums = layers.Select(layer => (Layer: layer, Factors: Summed(list, layer.Path, rank))).Where(s => s.Factors.A.shape[0] > 0).ToList();
        if (sums.Count == 0) throw new AdaLoRAException("Nothing is left to combine: every layer has rank 0 or weight 0.");
        layers = [.. sums.Select(s => s.Layer)];
        var factors = sums.Select(s => s.Factors).ToList();
        var trained = list.SelectMany(p => p.Set.CarriedNames.Select(n => KeyValuePair.Create(n, p.Set.TrainedValue(n)))).ToList();

        var options = first.Options.Clone();
        (options.Method, options.Targets, options.Trainable, options.Bias, options.RankLimits, options.Compact) = (AdapterMethod.LoRA, [.. layers.Select(l => l.Path)], [.. trained.Select(t => t.Key).Except(layers.Select(l => l.Path + ".weight"))], BiasTraining.None, [], false);
        int widest = factors.Max(f => (int)f.A.shape[0]);
        (options.InitialRank, options.Alpha) = (widest, widest);
        Check(first._model, first._modelName, options, name, trainable: false);
        var targets = layers.Select(l => new AdapterTarget(l.Path, l.Layer)).ToList();
        var shapes = layers.Select((l, i) => new AdapterShape((int)factors[i].A.shape[0], l.InFeatures, l.OutFeatures)).ToList();
        var set = Create(first._model, first._modelName, name, options, new AdapterSizing(widest, widest, 1, shapes.Sum(s => s.Rank)), targets, shapes, trainable: false, [.. trained.Select(t => t.Key)]);
        for (int i = 0; i < layers.Count; i++) set.Adapters[i].Fill(factors[i].A, factors[i].B, null, [.. Enumerable.Repeat(true, shapes[i].Rank)]);
        foreach (var (parameter, value) in trained) first._model.get_parameter(parameter)!.copy_(value);
        set.Refold();
        return set;
    }

    private static AdapterSet RequireCombinable(List<(AdapterSet Set, double Weight)> parts)
    {
        if (parts.Count == 0) throw new AdaLoRAException("A combination needs at least one set of adapters.");
        foreach (var (set, weight) in parts)
        {
            set.RequireAttached();
            if (!ReferenceEquals(set._model, parts[0].Set._model)) throw new AdaLoRAException($"The adapters '{set.Name}' and '{parts[0].Set.Name}' are on different models; load them onto one.");
            if (!double.IsFinite(weight)) throw new AdaLoRAException(string.Create(CultureInfo.InvariantCulture, $"The weight of '{set.Name}' is {weight}; it must be a number."));
        }
        var twice = parts.SelectMany(p => p.Set.CarriedNames.Select(n => (n, p.Set.Name))).GroupBy(t => t.n).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null) throw new AdaLoRAException($"'{twice.Key}' comes along with {string.Join(" and with ", twice.Select(t => $"'{t.Name}'"))}; a weighted sum of adapters is not defined for modules that are trained in full.");
        return parts[0].Set;
    }

    /// <summary>A [r, in] and B [out, r] of one layer's weighted sum, in the arena's type.</summary>
    private static (Tensor A, Tensor B) Summed(List<(AdapterSet Set, double Weight)> parts, string path, int? rank)
    {
        List<Tensor> a = [], b = [];
        foreach (var (set, weight) in parts)
        {
            if (weight == 0 || !set._byPath.TryGetValue(path, out var adapter) || adapter.InitialRank == 0) continue;
            var living = tensor(Enumerable.Range(0, adapter.InitialRank).Where(k => adapter.Mask()[k]).Select(k => (long)k).ToArray(), dtype: ScalarType.Int64, device: set.Arena.Device);
            using var factor = weight.ToScalar();
            var folded = set.Arena.FoldedLeaves[adapter.Index]!.detach().t().to(ScalarType.Float64).mul(factor);
            a.Add(folded.index_select(0, living));
            b.Add(set.Arena.BLeaves[adapter.Index]!.detach().t().to(ScalarType.Float64).index_select(1, living));
        }
        var any = parts.First(p => p.Set._byPath.ContainsKey(path)).Set;
        var layer = any._byPath[path];
        var dtype = any.Arena.DType;
        if (a.Count == 0) return (zeros(0, layer.InFeatures, dtype: dtype, device: any.Arena.Device), zeros(layer.OutFeatures, 0, dtype: dtype, device: any.Arena.Device));
        Tensor wholeA = cat(a, 0), wholeB = cat(b, 1);
        if (rank is { } most && wholeA.shape[0] > most) (wholeA, wholeB) = Truncated(wholeA, wholeB, most);
        return (wholeA.to(dtype), wholeB.to(dtype));
    }

    /// <summary>The best approximation of B·A of a rank: QR of both factors, SVD of the small r × r product between them.</summary>
    private static (Tensor A, Tensor B) Truncated(Tensor a, Tensor b, int rank)
    {
        var (qb, rb) = linalg.qr(b);
        var (qa, ra) = linalg.qr(a.t());
        var (u, s, vh) = linalg.svd(rb.mm(ra.t()), fullMatrices: false);
        int most = (int)Math.Min(rank, s.shape[0]);
        var root = s.narrow(0, 0, most).sqrt();
        return (vh.narrow(0, 0, most).mul(root.unsqueeze(1)).mm(qa.t()), qb.mm(u.narrow(1, 0, most)).mul(root));
    }
}
