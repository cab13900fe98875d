using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tool.Files;

namespace AdaLoRA.Gen.Tool.Inspection;

/// <summary>Looks at an adapter folder: headers, and with them the numbers, target by target.</summary>
internal static class AdapterInspector
{
    public static AdapterReport Inspect(string folder, bool readValues, CancellationToken stop)
    {
        using var adapter = AdapterFolder.Open(folder);
        var targets = new List<TargetReport>();
        List<string>? wrong = readValues ? [] : null;
        foreach (var target in adapter.Targets)
        {
            stop.ThrowIfCancellationRequested();
            targets.Add(Target(adapter, target, wrong));
        }
        if (wrong is not null)
        {
            foreach (string name in adapter.Saved.Values.Where(key => !IsFinite(adapter, key, beside: false)).Concat(adapter.Beside.Where(key => !IsFinite(adapter, key, beside: true)))) wrong.Add(name);
        }
        return new AdapterReport(
            adapter.Method.ToString(),
            adapter.Config.Text("base_model_name_or_path"),
            adapter.Config.Text("peft_version"),
            targets.Sum(t => (long)t.Rank),
            targets.Sum(t => (long)t.InitialRank),
            adapter.Targets.Sum(t => t.Parameters),
            adapter.Saved.Values.Sum(key => Count(adapter.Entry(key))) + adapter.Beside.Sum(key => Count(adapter.Entry(key, beside: true))),
            new[] { PeftKeys.TensorFile, PeftKeys.TrainableFile }.Select(name => new FileInfo(Path.Combine(folder, name))).Where(file => file.Exists).Sum(file => file.Length),
            adapter.Scales.Alpha,
            Variants(adapter),
            Largest(targets.Select(t => t.DriftP)),
            Largest(targets.Select(t => t.DriftQ)),
            [.. adapter.Saved.Keys.Concat(adapter.Beside).Order(StringComparer.Ordinal)],
            wrong,
            targets);
    }

    private static TargetReport Target(AdapterFolder adapter, SavedTarget target, List<string>? wrong)
    {
        string pattern = string.Concat(target.Slots.Select(s => s ? '1' : '0'));
        var bare = new TargetReport(target.Path, target.Rank, target.InitialRank, target.In, target.Out, target.StoredA.DType, target.Scale, null, null, null, null, pattern);
        if (wrong is null) return bare;
        var factors = adapter.Factors(target);
        if (!factors.IsFinite)
        {
            wrong.AddRange(new[] { target.KeyA, target.KeyB, target.KeyE }.OfType<string>().Where(key => !IsFinite(adapter, key, beside: false)));
            return bare;
        }
        double[] bt = Factors.Transposed(factors.B, factors.Out, factors.Rank);
        double[] p = Gram.OfRows(bt, factors.Rank, bt, factors.Rank, factors.Out);
        double[] folded = factors.FoldedA(target.Scale);
        double norm = Math.Sqrt(Math.Max(0, Gram.Inner(p, Gram.OfRows(folded, factors.Rank, folded, factors.Rank, factors.In))));
        if (factors.E is not { } lambda) return bare with { DeltaNorm = norm };
        double[] q = Gram.OfRows(factors.A, factors.Rank, factors.A, factors.Rank, factors.In);
        return bare with
        {
            DeltaNorm = norm,
            DriftP = Gram.DistanceFromIdentity(p, factors.Rank),
            DriftQ = Gram.DistanceFromIdentity(q, factors.Rank),
            Lambda = [.. lambda.OrderByDescending(Math.Abs)],
        };
    }

    private static bool IsFinite(AdapterFolder adapter, string key, bool beside)
    {
        var entry = adapter.Entry(key, beside);
        byte[] bytes = new byte[entry.ByteCount];
        adapter.ReadBytes(key, beside, 0, bytes);
        return FiniteScan.IsFinite(entry.DType, bytes);
    }

    private static string? Variants(AdapterFolder adapter)
    {
        try
        {
            adapter.Config.RefuseWhatChangesTheNumbers(adapter.Folder);
            return null;
        }
        catch (AdaLoRAException e)
        {
            return e.Message;
        }
    }

    private static long Count(SafetensorsEntry entry) => entry.Shape.Aggregate(1L, (a, b) => a * b);

    private static double? Largest(IEnumerable<double?> values) => values.Max();
}
