using System.Globalization;
using System.Text.Json.Nodes;

namespace AdaLoRA.Gen.Serialization;

/// <summary>Fills <c>adapter_config.json</c> from a set. A set that came from a folder keeps its fields; only those are written whose value changed.</summary>
internal static class PeftConfigWriter
{
    public static PeftConfig Config(AdapterSet set, Dictionary<Adapter, bool[]> kept, TrainedKeys trained)
    {
        var options = set.Options;
        var config = set.Loaded?.Config.Clone() ?? Fresh(set, options.Method, set.Adapters, trained);
        if (set.Loaded is null) config.Set("lora_alpha", Number(set.Alpha));
        config.Change("lora_dropout", Float(options.Dropout));
        if (options.Method == AdapterMethod.LoRA)
        {
            if (set.Loaded is null) SetRanks(config, set.InitialRank, set.Alpha, set.Adapters.Select(a => (set.CheckpointPath(a), (int)a.Layer.LoRAFactorA(a.lora_A).shape[0], a.Scale)));
            return config;
        }
        config.Change("init_r", set.InitialRank);
        config.Change("target_r", MeanRank(set));
        config.Change("beta1", Float(options.Beta1));
        config.Change("beta2", Float(options.Beta2));
        config.Change("deltaT", options.Interval);
        config.Change("orth_reg_weight", Float(options.OrthogonalWeight));
        config.Change("total_step", set.Phases.TotalSteps);
        config.Change("tinit", set.Phases.InitialWarmup);
        config.Change("tfinal", set.Phases.FinalWarmup);
        config.Change("rank_pattern", Pattern(set, kept));
        return config;
    }

    /// <summary>The config of an export to plain LoRA: a rank and an alpha of its own for every layer that differs, so that every scale is 1.</summary>
    public static PeftConfig LoRAConfig(AdapterSet set, List<LoRAForm> forms, TrainedKeys trained) =>
        LoRAConfig(Fresh(set, AdapterMethod.LoRA, forms.Select(f => f.Adapter), trained), [.. forms.Select(f => (set.CheckpointPath(f.Adapter), f.StoredRank))], set.Options.Dropout, set.Loaded?.Config);

    /// <summary>The same, of a fresh config and paths as the folder names them.</summary>
    public static PeftConfig LoRAConfig(PeftConfig config, IReadOnlyList<(string Path, int StoredRank)> layers, double dropout, PeftConfig? loaded)
    {
        int rank = layers.GroupBy(f => f.StoredRank).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).First().Key;
        SetRanks(config, rank, rank, layers.Select(f => (f.Path, f.StoredRank, 1.0)));
        config.Set("lora_alpha", rank);
        config.Set("lora_dropout", Float(dropout));
        if (loaded is null) return config;
        foreach (string name in (string[])["base_model_name_or_path", "revision", "task_type", "auto_mapping", "modules_to_save", "bias"]) config.Set(name, loaded.Get(name));
        return config;
    }

    /// <summary>r and what differs from it: a rank for every layer of another one, an alpha for every layer whose scale is not alpha ÷ its rank.</summary>
    private static void SetRanks(PeftConfig config, int rank, double alpha, IEnumerable<(string Path, int StoredRank, double Scale)> layers)
    {
        JsonObject ranks = [], alphas = [];
        var all = layers.ToList();
        string[] paths = [.. all.Select(l => l.Path)];
        foreach (var (path, stored, scale) in all)
        {
            string key = PeftPatternKey.Of(path, paths);
            if (stored != rank) ranks[key] = stored;
            // Computed as PEFT will compute it from what stands here.
            if (stored > 0 && alpha / stored != scale) alphas[key] = Number(scale * stored);
        }
        config.Set("r", rank);
        config.Set("rank_pattern", ranks);
        config.Set("alpha_pattern", alphas);
    }

    private static PeftConfig Fresh(AdapterSet set, AdapterMethod method, IEnumerable<Adapter> adapters, TrainedKeys trained)
    {
        var config = PeftConfig.Default(method);
        // Full paths: PEFT matches a list entry against the whole name or its end, and the end alone could match more layers than ours.
        config.Set("target_modules", new JsonArray([.. adapters.Select(a => (JsonNode)set.CheckpointPath(a))]));
        if (trained.Modules.Count > 0) config.Set("modules_to_save", new JsonArray([.. trained.Modules.Select(m => (JsonNode)m)]));
        config.Set("bias", set.Options.Bias switch { BiasTraining.All => "all", BiasTraining.AdapterOnly => "lora_only", _ => trained.HasAdaptedBias ? "lora_only" : "none" });
        if (set.Adapters.Any(a => a.Layer is Adapters.TransposedLinearLayer)) config.Set("fan_in_fan_out", true);
        return config;
    }

    /// <summary>PEFT's target_r: triplets that the budget leaves a target on average, rounded up.</summary>
    private static int MeanRank(AdapterSet set)
    {
        int count = set.Adapters.Count;
        long triplets = set.Options.BudgetUnit == BudgetUnit.Parameters ? set.TotalRank : set.Sizing.Budget;
        return (int)Math.Max(1, (triplets + count - 1) / count);
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
