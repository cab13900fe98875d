using System.Globalization;

namespace AdaLoRA.Gen.Adapters;

/// <summary>Rank, scale and budget of a set of targets, after the defaults that depend on the targets were filled in.</summary>
internal readonly record struct AdapterSizing(int InitialRank, double Alpha, double Scale, int Budget)
{
    /// <summary>Initial rank ÷ mean final rank where the user says nothing: measured on BANKING77 and CLINC150, see the design's table.</summary>
    private const int InitialOverFinal = 4;

    /// <summary>Alpha ÷ initial rank where the user says nothing: same measurements.</summary>
    private const double AlphaOverRank = 4;

    /// <summary>Parameters in one triplet: a row of A, a column of B, and λ.</summary>
    public static long Cost(AdaptedLayer layer) => (long)layer.InFeatures + layer.OutFeatures + 1;

    /// <summary>Resolves what the options leave open, and checks what they say against the layers.</summary>
    /// <exception cref="AdaLoRAException">A rank does not fit a layer.</exception>
    public static AdapterSizing Resolve(AdaLoRAOptions options, IReadOnlyList<AdapterTarget> targets, string modelName)
    {
        int smallest = targets.Min(t => Math.Min(t.Layer.InFeatures, t.Layer.OutFeatures));
        long unit = options.BudgetUnit == BudgetUnit.Parameters ? targets.Sum(t => Cost(t.Layer)) : targets.Count;
        long mean = (options.Budget + unit - 1) / unit;
        int rank = options.InitialRank > 0 ? options.InitialRank
            : (int)Math.Min(options.Method == AdapterMethod.AdaLoRA ? InitialOverFinal * mean : mean, smallest);
        foreach (var (path, layer) in targets)
        {
            int min = Math.Min(layer.InFeatures, layer.OutFeatures);
            if (rank > min)
            {
                throw new AdaLoRAException(string.Create(CultureInfo.InvariantCulture,
                    $"{modelName}: InitialRank {rank} is larger than the smaller side of '{path}' ({layer.OutFeatures} × {layer.InFeatures}); use at most {smallest}."));
            }
        }
        if (options.Method == AdapterMethod.LoRA)
        {
            double loraAlpha = options.Alpha > 0 ? options.Alpha : rank;
            return new AdapterSizing(rank, loraAlpha, loraAlpha / rank, rank * targets.Count);
        }
        if (options.BudgetUnit == BudgetUnit.Parameters)
        {
            var cheapest = targets.MinBy(t => Cost(t.Layer));
            if (options.Budget < Cost(cheapest.Layer)) throw new AdaLoRAException(string.Create(CultureInfo.InvariantCulture, $"{modelName}: Budget {options.Budget} pays for no triplet: the cheapest, of '{cheapest.Path}', has {Cost(cheapest.Layer)} parameters; raise it."));
        }
        double alpha = options.Alpha > 0 ? options.Alpha : AlphaOverRank * rank;
        // 1e-5 as in the paper's code and in PEFT: a folder of ours must give PEFT the same logits.
        return new AdapterSizing(rank, alpha, alpha / (rank + 1e-5), options.Budget);
    }
}
