using System.Globalization;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Saves a set as the folder that PEFT's <c>PeftModel.from_pretrained</c> loads: <c>adapter_model.safetensors</c>, <c>adapter_config.json</c>, and beside them the fully trained
/// modules in <c>trainable.safetensors</c> (plain names of the model; PEFT does not look at it).
/// </summary>
internal static class PeftFolderWriter
{
    public static void Write(AdapterSet set, string folder) => AtomicFolder.Write(folder, [PeftKeys.TensorFile, PeftKeys.TrainableFile, PeftConfig.FileName], temporary =>
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var kept = set.Adapters.ToDictionary(a => a, Survivors);
        string[] beside = [.. set.TrainableNames.Except(set.ModulesToSave)];
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        if (beside.Length > 0) metadata.Add(PeftKeys.TrainableStamp, PeftKeys.TrainableFile);
        SafetensorsWriter.Write(Path.Combine(temporary, PeftKeys.TensorFile), Factors(set, kept), metadata);
        if (beside.Length > 0)
        {
            SafetensorsWriter.Write(Path.Combine(temporary, PeftKeys.TrainableFile), beside.Select(n => KeyValuePair.Create(n, set.Model.get_parameter(n)!.detach().cpu())));
        }
        Config(set, kept).Write(temporary);
    });

    /// <summary>
    /// Rows that are saved. A triplet is left out only when the pattern removed it and its λ is exactly zero, so that what is saved computes what the model in memory computes;
    /// between two allocations the optimizer may have revived a removed λ (PEFT loses those).
    /// </summary>
    private static bool[] Survivors(Adapter adapter)
    {
        if (adapter.lora_E is not { } e) return [.. Enumerable.Repeat(true, adapter.InitialRank)];
        var lambda = e.detach().cpu().to(ScalarType.Float64).reshape(-1).data<double>().ToArray();
        bool[] mask = adapter.Mask().ToArray();
        return [.. lambda.Select((v, k) => mask[k] || v != 0)];
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Factors(AdapterSet set, Dictionary<Adapter, bool[]> kept)
    {
        var method = set.Options.Method;
        foreach (var adapter in set.Adapters)
        {
            string path = set.CheckpointPath(adapter);
            long[] rows = [.. kept[adapter].Select((keep, k) => (keep, k)).Where(t => t.keep).Select(t => (long)t.k)];
            using var index = tensor(rows, dtype: ScalarType.Int64);
            Tensor Rows(Tensor t, int dim) => t.detach().cpu().index_select(dim, index).contiguous();
            var a = Rows(adapter.lora_A, 0);
            yield return KeyValuePair.Create(PeftKeys.Of(path, "lora_A", method), adapter.FoldedRatio == 1 ? a : a.to(ScalarType.Float64).div((Scalar)adapter.FoldedRatio).to(a.dtype));
            yield return KeyValuePair.Create(PeftKeys.Of(path, "lora_B", method), Rows(adapter.lora_B, 1));
            if (adapter.lora_E is { } e) yield return KeyValuePair.Create(PeftKeys.Of(path, "lora_E", method), Rows(e, 0));
        }
        foreach (string name in set.ModulesToSave) yield return KeyValuePair.Create(PeftKeys.Prefix + set.CheckpointName(name), set.Model.get_parameter(name)!.detach().cpu());
    }

    private static PeftConfig Config(AdapterSet set, Dictionary<Adapter, bool[]> kept)
    {
        var options = set.Options;
        var config = set.LoadedConfig ?? PeftConfig.Default(options.Method);
        config.Set("lora_alpha", Number(set.Alpha));
        config.Set("lora_dropout", Float(options.Dropout));
        // Full paths: PEFT matches a list entry against the whole name or its end, and the end alone could match more layers than ours.
        config.Set("target_modules", new JsonArray([.. set.Adapters.Select(a => (JsonNode)set.CheckpointPath(a))]));
        if (options.Method == AdapterMethod.LoRA)
        {
            config.Set("r", set.InitialRank);
            var ranks = new JsonObject();
            foreach (var adapter in set.Adapters.Where(a => a.InitialRank != set.InitialRank)) ranks[set.CheckpointPath(adapter)] = adapter.InitialRank;
            config.Set("rank_pattern", ranks);
            return config;
        }
        config.Set("init_r", set.InitialRank);
        config.Set("target_r", (set.Sizing.Budget + set.Adapters.Count - 1) / set.Adapters.Count);
        config.Set("beta1", Float(options.Beta1));
        config.Set("beta2", Float(options.Beta2));
        config.Set("deltaT", options.Interval);
        config.Set("orth_reg_weight", Float(options.OrthogonalWeight));
        config.Set("total_step", set.Phases.TotalSteps);
        config.Set("tinit", set.Phases.InitialWarmup);
        config.Set("tfinal", set.Phases.FinalWarmup);
        config.Set("rank_pattern", Pattern(set, kept));
        return config;
    }

    private static JsonObject? Pattern(AdapterSet set, Dictionary<Adapter, bool[]> kept)
    {
        if (kept.All(k => k.Value.All(v => v)) && set.Adapters.All(a => a.Slots.All(s => s))) return null;
        var patterns = new JsonObject();
        foreach (var adapter in set.Adapters)
        {
            var flags = new JsonArray();
            int next = 0;
            foreach (bool slot in adapter.Slots) flags.Add((JsonNode)(slot && kept[adapter][next++]));
            patterns[set.CheckpointPath(adapter) + ".lora_E"] = flags;
        }
        return patterns;
    }

    /// <summary>A float as Python writes it: "0.0", not "0".</summary>
    private static JsonNode? Float(double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return JsonNode.Parse(text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0");
    }

    private static JsonValue Number(double value) => value == Math.Floor(value) && Math.Abs(value) < int.MaxValue
        ? JsonValue.Create(int.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture))
        : JsonValue.Create(value);
}
