using System.Text.Json;
using System.Text.Json.Nodes;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// <c>adapter_config.json</c> of Hugging Face PEFT (fields as PEFT 0.21.2 writes them, keys sorted, two spaces). Fields that mean nothing here are kept as they were read, so
/// a folder that is read and saved again keeps them.
/// </summary>
internal sealed class PeftConfig
{
    public const string FileName = "adapter_config.json";

    /// <summary>Fields that, when set, mean more than ΔW; the first two hold for AdaLoRA, too, which ignores the others.</summary>
    private static readonly string[] s_variants =
        ["layer_replication", "trainable_token_indices", "use_dora", "lora_bias", "target_parameters", "use_qalora", "use_bdlora", "alora_invocation_tokens", "monteclora_config", "velora_config", "kasa_config"];

    private readonly JsonObject _fields;

    private PeftConfig(JsonObject fields) => _fields = fields;

    /// <summary>A config with every field that PEFT writes for the method, at PEFT's defaults.</summary>
    public static PeftConfig Default(AdapterMethod method)
    {
        var fields = (JsonObject)JsonNode.Parse("""
            {
              "alora_invocation_tokens": null, "alpha_pattern": {}, "arrow_config": null, "auto_mapping": null, "base_model_name_or_path": null, "bias": "none",
              "corda_config": null, "ensure_weight_tying": false, "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false, "inference_mode": true,
              "init_lora_weights": true, "kasa_config": null, "layer_replication": null, "layers_pattern": null, "layers_to_transform": null, "loftq_config": {},
              "lora_alpha": 8, "lora_bias": false, "lora_dropout": 0.0, "lora_ga_config": null, "megatron_config": null, "megatron_core": "megatron.core",
              "modules_to_save": null, "monteclora_config": null, "peft_type": "LORA", "peft_version": "0.21.2", "qalora_group_size": 16, "r": 8, "rank_pattern": {},
              "revision": null, "target_modules": [], "target_parameters": null, "task_type": null, "trainable_token_indices": null, "use_bdlora": null,
              "use_dora": false, "use_qalora": false, "use_rslora": false, "velora_config": null
            }
            """)!;
        if (method == AdapterMethod.AdaLoRA)
        {
            var own = (JsonObject)JsonNode.Parse("""
                {
                  "beta1": 0.85, "beta2": 0.85, "deltaT": 1, "init_r": 12, "orth_reg_weight": 0.5, "peft_type": "ADALORA", "rank_pattern": null, "target_r": 8,
                  "tfinal": 0, "tinit": 0, "total_step": 1
                }
                """)!;
            foreach (var (name, value) in own) fields[name] = value?.DeepClone();
        }
        return new PeftConfig(fields);
    }

    /// <summary>Reads the file of a folder.</summary>
    /// <exception cref="AdaLoRAException">The file is missing, no JSON object, or of another method.</exception>
    public static PeftConfig Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (File.Exists(folder)) throw new AdaLoRAException($"'{folder}' is a file; name the adapter's folder, which holds {FileName}.");
        if (!File.Exists(path)) throw new AdaLoRAException($"'{folder}' is no adapter folder: it holds no {FileName}.");
        try
        {
            var config = new PeftConfig(StrictJson.ReadObject(path) ?? throw new AdaLoRAException($"'{path}' is no JSON object; PEFT writes one."));
            _ = config.Method;
            return config;
        }
        catch (JsonException e)
        {
            throw new AdaLoRAException($"'{path}' is no valid JSON: {e.Message}", e);
        }
    }

    public AdapterMethod Method => Text("peft_type") switch
    {
        "ADALORA" => AdapterMethod.AdaLoRA,
        "LORA" => AdapterMethod.LoRA,
        var other => throw new AdaLoRAException($"The adapter is of PEFT's type '{other}'; only ADALORA and LORA can be read."),
    };

    public void Set(string name, JsonNode? value) => _fields[name] = value;

    public JsonNode? Get(string name) => _fields.TryGetPropertyValue(name, out var value) ? value?.DeepClone() : null;

    /// <summary>Names of the fields.</summary>
    public IEnumerable<string> Names => _fields.Select(f => f.Key);

    /// <summary>Sets a field unless it says the same already: 8 and 8.0 do, and so do objects whatever the order of their fields.</summary>
    public void Change(string name, JsonNode? value)
    {
        if (!(_fields.TryGetPropertyValue(name, out var old) && SayTheSame(old, value))) _fields[name] = value;
    }

    /// <summary>Whether two values of a field mean the same: 8 and 8.0 do, and so do objects whatever the order of their fields.</summary>
    public static bool SayTheSame(JsonNode? one, JsonNode? other) =>
        one is JsonValue a && other is JsonValue b && AsNumber(a) is { } x && AsNumber(b) is { } y ? x == y : JsonNode.DeepEquals(one, other);

    public PeftConfig Clone() => new((JsonObject)_fields.DeepClone());

    /// <summary>Starting values for which PEFT changes the base weights, too.</summary>
    private static bool ChangesTheBase(string start) => start.StartsWith("pissa", StringComparison.Ordinal) || start is "olora" or "corda" or "loftq" or "lora_ga" or "mica";

    /// <summary>Refuses variants of LoRA that compute something else than ΔW = scale·B·(A ∘ E).</summary>
    /// <exception cref="AdaLoRAException">The config asks for one; it is named.</exception>
    public void RefuseWhatChangesTheNumbers(string folder)
    {
        if (Method == AdapterMethod.LoRA && Text("init_lora_weights") is { } start && ChangesTheBase(start))
        {
            throw new AdaLoRAException($"'{folder}' was trained with init_lora_weights = \"{start}\", for which PEFT changes the base weights when it loads the folder; convert it with PEFT (path_initial_model_for_weight_conversion), or merge it there.");
        }
        foreach (string name in Method == AdapterMethod.LoRA ? s_variants : s_variants[..2])
        {
            if (!_fields.TryGetPropertyValue(name, out var value) || value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 }) continue;
            if (value is JsonValue v && v.TryGetValue(out bool flag) && !flag) continue;
            throw new AdaLoRAException($"'{folder}' was trained with {name} = {Short(value)}, which changes what the adapter computes and is not supported here; merge it with PEFT instead.");
        }
    }

    public string? Text(string name) => _fields.TryGetPropertyValue(name, out var node) && node is JsonValue v && v.TryGetValue(out string? s) ? s : null;

    public bool Flag(string name) => _fields.TryGetPropertyValue(name, out var node) && node is JsonValue v && v.TryGetValue(out bool b) && b;

    /// <summary>A number; missing or null gives <paramref name="missing"/>.</summary>
    public double Number(string name, double missing)
    {
        if (!_fields.TryGetPropertyValue(name, out var node) || node is null) return missing;
        if (node is JsonValue v && v.TryGetValue(out double d) && double.IsFinite(d)) return d;
        throw new AdaLoRAException($"{FileName}: '{name}' is {node.ToJsonString()}; it must be a number.");
    }

    /// <summary>An object of numbers (LoRA's rank_pattern and alpha_pattern).</summary>
    public Dictionary<string, double> Numbers(string name)
    {
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        if (!_fields.TryGetPropertyValue(name, out var node) || node is null) return numbers;
        if (node is not JsonObject o) throw new AdaLoRAException($"{FileName}: '{name}' is no object.");
        foreach (var (key, value) in o)
        {
            if (value is not JsonValue v || !v.TryGetValue(out double d) || !double.IsFinite(d)) throw new AdaLoRAException($"{FileName}: '{name}' of '{key}' is no number.");
            numbers.Add(key, d);
        }
        return numbers;
    }

    /// <summary>AdaLoRA's rank_pattern: which of the init_r triplets of a module live, by module path.</summary>
    public Dictionary<string, bool[]> Patterns()
    {
        var patterns = new Dictionary<string, bool[]>(StringComparer.Ordinal);
        if (!_fields.TryGetPropertyValue("rank_pattern", out var node) || node is not JsonObject o) return patterns;
        foreach (var (key, value) in o)
        {
            if (value is not JsonArray list || !list.All(b => b is JsonValue v && v.TryGetValue(out bool _)))
            {
                throw new AdaLoRAException($"{FileName}: 'rank_pattern' of '{key}' is no list of booleans.");
            }
            string path = key.EndsWith(".lora_E", StringComparison.Ordinal) ? key[..^".lora_E".Length] : key;
            if (!patterns.TryAdd(path, [.. list.Select(b => b!.GetValue<bool>())])) throw new AdaLoRAException($"{FileName}: 'rank_pattern' names '{path}' twice, with and without '.lora_E'; keep one.");
        }
        return patterns;
    }

    public void Write(string folder)
    {
        var sorted = new JsonObject();
        foreach (var (name, value) in _fields.OrderBy(f => f.Key, StringComparer.Ordinal)) sorted[name] = value?.DeepClone();
        using var stream = new FileStream(Path.Combine(folder, FileName), FileMode.CreateNew);
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, IndentSize = 2, NewLine = "\n" })) sorted.WriteTo(writer);
        stream.Flush(flushToDisk: true);
    }

    private static double? AsNumber(JsonValue value) => value.TryGetValue(out double d) ? d : value.TryGetValue(out int i) ? i : null;

    private static string Short(JsonNode value) => value.ToJsonString() is { Length: <= 60 } text ? text : value.ToJsonString()[..60] + "…";
}
