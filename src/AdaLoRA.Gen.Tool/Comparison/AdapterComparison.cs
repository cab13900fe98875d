using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tool.Files;
using AdaLoRA.Gen.Tool.Inspection;

namespace AdaLoRA.Gen.Tool.Comparison;

/// <summary>Compares two adapter folders, checkpoints or outputs of a run.</summary>
internal static class AdapterComparison
{
    private static readonly string[] Files = [PeftConfig.FileName, PeftKeys.TensorFile, PeftKeys.TrainableFile];

    /// <param name="pathA">The first.</param>
    /// <param name="pathB">The second.</param>
    /// <param name="tolerance">Relative change up to which numbers count as the same.</param>
    /// <param name="stop">Interrupts between two targets.</param>
    public static DiffReport Compare(string pathA, string pathB, double tolerance, CancellationToken stop)
    {
        string folderA = AdapterPath.Of(pathA), folderB = AdapterPath.Of(pathB);
        using AdapterFolder a = AdapterFolder.Open(folderA), b = AdapterFolder.Open(folderB);
        bool identical = Files.All(name => SameBytes(Path.Combine(folderA, name), Path.Combine(folderB, name)));
        var config = identical ? [] : Fields(a.Config.Names.Union(b.Config.Names), a.Config.Get, b.Config.Get, "");
        config.AddRange(States(pathA, pathB));
        var targetsA = a.Targets.ToDictionary(t => t.Path, StringComparer.Ordinal);
        var targetsB = b.Targets.ToDictionary(t => t.Path, StringComparer.Ordinal);
        var both = new List<TargetDifference>();
        double change = 0, norm = 0;
        foreach (string path in targetsA.Keys.Intersect(targetsB.Keys).Order(Comparer<string>.Create(CanonicalOrder.Compare)))
        {
            stop.ThrowIfCancellationRequested();
            var difference = Target(a, targetsA[path], b, targetsB[path]);
            both.Add(difference);
            change += difference.Change * difference.Change ?? 0;
            norm += difference.NormA * difference.NormA ?? 0;
        }
        var modules = identical ? [] : Modules(a, b).ToList();
        string[] onlyInA = [.. targetsA.Keys.Except(targetsB.Keys).Order(StringComparer.Ordinal)], onlyInB = [.. targetsB.Keys.Except(targetsA.Keys).Order(StringComparer.Ordinal)];
        bool same = config.Count == 0 && onlyInA.Length == 0 && onlyInB.Length == 0 && both.TrueForAll(t => t.IdenticalBytes || (t.RankA == t.RankB && t.RelativeChange <= tolerance)) && modules.TrueForAll(m => m.RelativeChange <= tolerance);
        return new DiffReport("adalora.diff/1", folderA, folderB, same, identical, Ratio(Math.Sqrt(change), Math.Sqrt(norm)), config, onlyInA, onlyInB, both, modules);
    }

    private static TargetDifference Target(AdapterFolder a, SavedTarget targetA, AdapterFolder b, SavedTarget targetB)
    {
        var bare = new TargetDifference(targetA.Path, false, targetA.Rank, targetB.Rank, null, null, null, null, null, null);
        if (targetA.In != targetB.In || targetA.Out != targetB.Out) return bare with { Note = $"of another size: [{targetA.Out}, {targetA.In}] and [{targetB.Out}, {targetB.In}]" };
        Factors factorsA = a.Factors(targetA), factorsB = b.Factors(targetB);
        bool same = targetA.Scale == targetB.Scale && SameKind(targetA, targetB) && Same(factorsA.A, factorsB.A) && Same(factorsA.B, factorsB.B) && Same(factorsA.E ?? [], factorsB.E ?? []);
        if (!factorsA.IsFinite || !factorsB.IsFinite) return bare with { IdenticalBytes = same, Note = "NaN or infinite values" };
        var (normA, normB, change, inner) = DeltaDistance.Between(factorsA, targetA, factorsB, targetB);
        if (same) change = 0;
        return bare with
        {
            IdenticalBytes = same,
            NormA = normA,
            NormB = normB,
            Change = change,
            RelativeChange = Ratio(change, normA),
            Cosine = normA > 0 && normB > 0 ? Math.Clamp(inner / (normA * normB), -1, 1) : null,
        };
    }

    private static bool SameKind(SavedTarget a, SavedTarget b) => a.StoredA.DType == b.StoredA.DType && a.StoredA.Shape.SequenceEqual(b.StoredA.Shape) && a.Slots.AsSpan().SequenceEqual(b.Slots);

    /// <summary>Bit for bit: a NaN is itself, and 0 is not −0.</summary>
    private static bool Same(double[] x, double[] y) => MemoryMarshal.Cast<double, long>(x.AsSpan()).SequenceEqual(MemoryMarshal.Cast<double, long>(y.AsSpan()));

    private static double? Ratio(double change, double norm) => change == 0 ? 0 : norm > 0 ? change / norm : null;

    private static IEnumerable<ModuleDifference> Modules(AdapterFolder a, AdapterFolder b)
    {
        var inA = Parameters(a);
        var inB = Parameters(b);
        foreach (string name in inA.Keys.Union(inB.Keys).Order(StringComparer.Ordinal))
        {
            if (!inA.TryGetValue(name, out var one)) yield return new ModuleDifference(name, "b", null);
            else if (!inB.TryGetValue(name, out var other)) yield return new ModuleDifference(name, "a", null);
            else if (!a.Entry(one.Key, one.Beside).Shape.SequenceEqual(b.Entry(other.Key, other.Beside).Shape)) yield return new ModuleDifference(name, "both", null);
            else if (!Elements.IsFloat(a.Entry(one.Key, one.Beside).DType) || !Elements.IsFloat(b.Entry(other.Key, other.Beside).DType))
            {
                if (!Raw(a, one).AsSpan().SequenceEqual(Raw(b, other))) yield return new ModuleDifference(name, "both", null);
            }
            else if (Distance(a.Read(one.Key, one.Beside), b.Read(other.Key, other.Beside)) is var change && change != 0) yield return new ModuleDifference(name, "both", change);
        }
    }

    private static Dictionary<string, (string Key, bool Beside)> Parameters(AdapterFolder adapter) =>
        adapter.Saved.Select(s => (Name: s.Key, Place: (s.Value, false))).Concat(adapter.Beside.Select(name => (Name: name, Place: (name, true)))).DistinctBy(p => p.Name).ToDictionary(p => p.Name, p => p.Place, StringComparer.Ordinal);

    private static byte[] Raw(AdapterFolder adapter, (string Key, bool Beside) place)
    {
        byte[] bytes = new byte[adapter.Entry(place.Key, place.Beside).ByteCount];
        adapter.ReadBytes(place.Key, place.Beside, 0, bytes);
        return bytes;
    }

    /// <summary>0 for the same bits; null where there is no ratio: the first is all zero, or a value is NaN or infinite.</summary>
    private static double? Distance(double[] x, double[] y)
    {
        if (Same(x, y)) return 0;
        double[] difference = [.. x.Zip(y, (a, b) => a - b)];
        return Ratio(Math.Sqrt(Gram.Dot(difference, difference)), Math.Sqrt(Gram.Dot(x, x)));
    }

    private static List<FieldDifference> Fields(IEnumerable<string> names, Func<string, JsonNode?> a, Func<string, JsonNode?> b, string prefix) =>
        [.. names.Order(StringComparer.Ordinal).Where(name => !PeftConfig.SayTheSame(Sorted(name, a(name)), Sorted(name, b(name)))).Select(name => new FieldDifference(prefix + name, a(name)?.ToJsonString(), b(name)?.ToJsonString()))];

    /// <summary>PEFT writes a set as a list, in whatever order it has that day.</summary>
    private static JsonNode? Sorted(string name, JsonNode? value) => name is "target_modules" or "modules_to_save" or "exclude_modules" && value is JsonArray list
        ? new JsonArray([.. list.Select(item => item?.ToJsonString()).Order(StringComparer.Ordinal).Select(item => item is null ? null : JsonNode.Parse(item))])
        : value;

    private static IEnumerable<FieldDifference> States(string pathA, string pathB)
    {
        string a = Path.Combine(pathA, CheckpointFolder.StateFile), b = Path.Combine(pathB, CheckpointFolder.StateFile);
        if (!File.Exists(a) || !File.Exists(b)) return [];
        try
        {
            JsonObject stateA = StrictJson.ReadObject(a) ?? [], stateB = StrictJson.ReadObject(b) ?? [];
            JsonObject optionsA = stateA["options"] as JsonObject ?? [], optionsB = stateB["options"] as JsonObject ?? [];
            return Fields(["model", "step", "attempts", "total_steps", "seed", "threads", "last_loss"], n => stateA[n], n => stateB[n], "state.")
                .Concat(Fields(optionsA.Select(o => o.Key).Union(optionsB.Select(o => o.Key)), n => optionsA[n], n => optionsB[n], "state.options."));
        }
        catch (JsonException e)
        {
            throw new AdaLoRAException($"'{a}' or '{b}' is no valid JSON: {e.Message}", e);
        }
    }

    private static bool SameBytes(string one, string other)
    {
        if (!File.Exists(one) || !File.Exists(other)) return File.Exists(one) == File.Exists(other);
        using FileStream x = File.OpenRead(one), y = File.OpenRead(other);
        if (x.Length != y.Length) return false;
        byte[] left = new byte[1 << 20], right = new byte[1 << 20];
        while (true)
        {
            int read = x.ReadAtLeast(left, left.Length, throwOnEndOfStream: false);
            if (y.ReadAtLeast(right, left.Length, throwOnEndOfStream: false) != read || !left.AsSpan(0, read).SequenceEqual(right.AsSpan(0, read))) return false;
            if (read < left.Length) return true;
        }
    }
}
