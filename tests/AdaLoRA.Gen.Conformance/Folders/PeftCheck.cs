using System.Text.Json.Nodes;
using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Folders;

/// <summary>One adapter folder through everything that an adapter lives through.</summary>
internal static class PeftCheck
{
    private const double Tolerance = 1e-5;

    /// <param name="name">Of the cases.</param>
    /// <param name="adapter">PEFT's folder, with its <c>io.safetensors</c>.</param>
    /// <param name="model">The model's folder.</param>
    public static IEnumerable<CaseResult> Run(string name, string adapter, string model)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var golden = GoldenModel.Open(model);
        var expected = GoldenModel.Tensors(Path.Combine(adapter, GoldenModel.InputFile));
        var folder = Directory.CreateTempSubdirectory("adalora-peft-");
        try
        {
            var set = AdapterSet.Load(golden.Module, adapter);
            yield return Compare("logits", "out.logits");
            using (set.Disable()) yield return Compare("disabled", "out.logits_disabled");
            yield return Compare("enabled again", "out.logits");
            byte[][] weights = Weights(set);
            set.Merge();
            var merged = Compare("merged", "out.logits_merged");
            yield return merged.Ok && MissingInTheWeights(set, weights) is { } missing ? new CaseResult(merged.Name, false, double.NaN, missing, "is what it was before the merge") : merged;
            set.Unmerge();
            yield return FirstChanged(set, weights) is { } changed ? new CaseResult($"{name} unmerged", false, double.NaN, changed, "the weight is not what it was before the merge") : Compare("unmerged", "out.logits");

            string again = Path.Combine(folder.FullName, "again"), lora = Path.Combine(folder.FullName, "lora");
            set.Save(again);
            yield return SameFolder($"{name} saved again", adapter, again);
            set.SaveAsLoRA(lora);
            set.Detach();
            AdapterSet.Load(golden.Module, lora);
            yield return WhyNoLoRA(lora) is { } why ? new CaseResult($"{name} as plain LoRA", false, double.NaN, PeftConfig.FileName, why) : Compare("as plain LoRA", "out.logits");
        }
        finally
        {
            folder.Delete(recursive: true);
            foreach (var tensor in expected.Values) tensor.Dispose();
        }

        CaseResult Compare(string what, string key) => expected.TryGetValue(key, out var logits)
            ? Difference.Case($"{name} {what}", golden.Unpadded(logits), golden.Logits(), Tolerance, key)
            : new CaseResult($"{name} {what}", false, double.NaN, key, $"{GoldenModel.InputFile} does not hold it");
    }

    private static byte[][] Weights(AdapterSet set) => [.. set.Adapters.Select(a => a.Layer.Weight.detach().contiguous().bytes.ToArray())];

    /// <summary>The first layer whose merge cannot be seen: its weight is unchanged though ΔW is not zero.</summary>
    private static string? MissingInTheWeights(AdapterSet set, byte[][] before)
    {
        byte[][] now = Weights(set);
        for (int i = 0; i < now.Length; i++)
        {
            bool adds = set.Adapters[i].DeltaWeight().abs().max().item<float>() > 0;
            if (adds && now[i].AsSpan().SequenceEqual(before[i])) return set.Adapters[i].Path;
        }
        return set.IsMerged ? null : "IsMerged";
    }

    private static string? FirstChanged(AdapterSet set, byte[][] before)
    {
        byte[][] now = Weights(set);
        for (int i = 0; i < now.Length; i++) if (!now[i].AsSpan().SequenceEqual(before[i])) return set.Adapters[i].Path;
        return null;
    }

    /// <summary>What keeps a folder from being plain LoRA.</summary>
    private static string? WhyNoLoRA(string folder)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, PeftKeys.TensorFile));
        if (PeftConfig.Read(folder).Method != AdapterMethod.LoRA) return "peft_type is not LORA";
        return file.Names.FirstOrDefault(n => n.EndsWith("lora_E", StringComparison.Ordinal)) is { } key ? $"it holds {key}" : null;
    }

    /// <summary>The same tensors (names, shapes, types, bytes) and the same fields of the config.</summary>
    private static CaseResult SameFolder(string name, string theirs, string ours)
    {
        using var expected = SafetensorsFile.Open(Path.Combine(theirs, PeftKeys.TensorFile));
        using var found = SafetensorsFile.Open(Path.Combine(ours, PeftKeys.TensorFile));
        foreach (string key in expected.Names.Union(found.Names))
        {
            if (!found.Entries.TryGetValue(key, out var b)) return Failure(key, "is missing");
            if (!expected.Entries.TryGetValue(key, out var a)) return Failure(key, "is one too many");
            if (a.DType != b.DType || !a.Shape.SequenceEqual(b.Shape)) return Failure(key, $"is {b} instead of {a}");
            if (a.Shape.Contains(0)) continue;
            Tensor x = expected.Read(key), y = found.Read(key);
            if (!x.bytes.SequenceEqual(y.bytes)) return Failure(key, "has other bytes");
        }
        JsonObject before = Config(theirs), after = Config(ours);
        foreach (string field in before.Select(f => f.Key).Union(after.Select(f => f.Key)))
        {
            if (!before.ContainsKey(field) || !after.ContainsKey(field)) return Failure(field, "is in one of the two configs only");
            if (!JsonNode.DeepEquals(before[field], after[field])) return Failure(field, $"is {after[field]?.ToJsonString() ?? "null"} instead of {before[field]?.ToJsonString() ?? "null"}");
        }
        return new CaseResult(name, true, 0, "", $"{expected.Names.Count} tensors, {before.Count} fields");

        CaseResult Failure(string at, string detail) => new(name, false, double.NaN, at, detail);
    }

    private static JsonObject Config(string folder) => (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, PeftConfig.FileName)))!;
}
