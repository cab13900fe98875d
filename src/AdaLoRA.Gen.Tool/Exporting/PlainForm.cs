using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Tool.Files;
using AdaLoRA.Gen.Tool.Merging;

namespace AdaLoRA.Gen.Tool.Exporting;

/// <summary>One target as plain LoRA of scale 1, as the run time's own export has it: A' = E·A·scale, rounded once, B' = B.</summary>
/// <param name="Target">The target.</param>
/// <param name="A">[r, in], row by row.</param>
/// <param name="B">[out, r], row by row.</param>
/// <param name="IsDouble">Whether it is written as float64; else float32.</param>
/// <param name="IsEmbedding">Whether PEFT has other names for it.</param>
/// <param name="IsTransposed">Whether the weight is [in, out] and no embedding (Conv1D).</param>
/// <param name="Kernel">[in, k…] of a convolution's filters; null for a matrix.</param>
internal sealed record PlainForm(SavedTarget Target, double[] A, double[] B, bool IsDouble, bool IsEmbedding, bool IsTransposed, long[]? Kernel)
{
    /// <summary>Rank as PEFT counts it, which is larger for a grouped convolution.</summary>
    public int StoredRank => Target.Rank * Target.Groups;

    /// <summary>Those of a folder that have a rank.</summary>
    /// <param name="adapter">The folder.</param>
    /// <param name="baseFolder">The base model, whose weights tell the kind of a layer; null: none, and every layer of AdaLoRA is taken for Linear.</param>
    /// <param name="stop">Interrupts between two targets.</param>
    /// <exception cref="AdaLoRAException">Nothing is left, or the kind of a layer must be known.</exception>
    public static List<PlainForm> Of(AdapterFolder adapter, string? baseFolder, CancellationToken stop)
    {
        adapter.Config.RefuseWhatChangesTheNumbers(adapter.Folder);
        using var checkpoint = baseFolder is null ? null : HuggingFaceCheckpoint.Open(baseFolder);
        var names = checkpoint is null ? null : BaseNames.Find(adapter, checkpoint);
        var forms = new List<PlainForm>();
        foreach (var target in adapter.Targets.Where(t => t.Rank > 0))
        {
            stop.ThrowIfCancellationRequested();
            forms.Add(One(adapter, target, names is null ? null : checkpoint!.EntryOf(names.Of(target.Path + ".weight")!).Shape));
        }
        return forms.Count > 0 ? forms : throw new AdaLoRAException($"Every target of '{adapter.Folder}' has rank 0; there is nothing to export.");
    }

    private static PlainForm One(AdapterFolder adapter, SavedTarget target, IReadOnlyList<long>? weight)
    {
        bool embedding = WeightForms.IsEmbedding(target), transposed = !embedding && adapter.Config.Flag("fan_in_fan_out");
        long[]? kernel = target.IsStoredConvolution ? [.. target.StoredA.Shape.Skip(1)] : null;
        if (weight is not null)
        {
            var form = WeightForms.Of(adapter, target, weight);
            embedding &= form == WeightForm.RowsAreInputs;
            transposed = form == WeightForm.RowsAreInputs && !embedding;
            if (weight.Count > 2) kernel ??= [.. weight.Skip(1)];
        }
        else if (embedding && !target.IsNamedEmbedding)
        {
            throw new AdaLoRAException($"'{target.Path}' looks like an embedding, which plain LoRA stores otherwise than a Linear, and AdaLoRA's files do not say what it is; name the base model with --base.");
        }
        var factors = adapter.Factors(target);
        if (!factors.IsFinite) throw new AdaLoRAException($"The factors of '{target.Path}' hold NaN or infinite values; nothing was written: look for a diverged training.");
        return new PlainForm(target, factors.RoundedFoldedA(target.Scale), factors.B, factors.IsDouble, embedding, transposed, kernel);
    }

    /// <summary>A as PEFT stores it: its shape, and its values, of a grouped convolution block by block.</summary>
    public (long[] Shape, double[] Values) StoredA()
    {
        int rank = Target.Rank, width = Target.In, groups = Target.Groups;
        if (Kernel is null) return ([rank, width], A);
        if (groups == 1) return ([rank, .. Kernel], A);
        double[] whole = new double[A.Length * groups * groups];
        for (int g = 0; g < groups; g++)
        {
            for (int k = 0; k < rank; k++) A.AsSpan(k * width, width).CopyTo(whole.AsSpan(((g * rank + k) * groups + g) * width));
        }
        return ([rank * groups, .. Kernel], whole);
    }

    /// <summary>Shape of B as PEFT stores it.</summary>
    public long[] StoredShapeB() => [Target.Out, Target.Rank, .. Enumerable.Repeat(1L, Kernel is null ? 0 : Kernel.Length - 1)];
}
