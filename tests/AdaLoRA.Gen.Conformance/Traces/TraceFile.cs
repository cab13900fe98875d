using System.Text.Json;

namespace AdaLoRA.Gen.Conformance.Traces;

/// <summary>The readable half of a trace, <c>&lt;name&gt;.json</c>: every hyper-parameter of the run and what was recorded of each step.</summary>
internal sealed class TraceFile
{
    private readonly string _path;
    private readonly JsonElement _json;
    private readonly JsonElement[] _steps;

    /// <exception cref="AdaLoRAException">The file is no JSON object, or lacks something.</exception>
    public TraceFile(string path)
    {
        _path = path;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            _json = document.RootElement.Clone();
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new AdaLoRAException($"'{path}' cannot be read as a trace: {e.Message}", e);
        }
        if (_json.ValueKind != JsonValueKind.Object) throw new AdaLoRAException($"'{path}' is no JSON object; it is no trace.");
        _steps = [.. Need(_json, "steps", JsonValueKind.Array).EnumerateArray()];
        Matrices = [.. Need(_json, "matrices", JsonValueKind.Array).EnumerateArray().Select(m => m.GetString()!)];
        Steps = Int("total_step");
        if (_steps.Length != Steps) throw new AdaLoRAException($"'{path}' records {_steps.Length} steps of {Steps}.");
        Method = Fidelity == "lora" ? AdapterMethod.LoRA : AdapterMethod.AdaLoRA;
        MicroBatches = Has(_json, "micro_batches") ? Int("micro_batches") : 1;
    }

    /// <summary>Adapted layers, in the order of <c>lambda</c>'s second dimension.</summary>
    public string[] Matrices { get; }

    /// <summary>T.</summary>
    public int Steps { get; }

    /// <summary>Micro-batches of a step; the loss is their mean.</summary>
    public int MicroBatches { get; }

    public AdapterMethod Method { get; }

    /// <summary>T − t_f, when the reference's averages must rest; null for Algorithm 1 and for LoRA.</summary>
    public int? FrozenStep => Fidelity == "reference" ? Steps - Int("tfinal") : null;

    private string Fidelity => Text(_json, "fidelity");

    /// <summary>The options of the run's adapters.</summary>
    public AdaLoRAOptions AdapterOptions()
    {
        var options = new AdaLoRAOptions { Method = Method, Targets = [.. Matrices], Alpha = Double("alpha") };
        if (Method == AdapterMethod.LoRA)
        {
            options.InitialRank = Int("r");
            return options;
        }
        options.Fidelity = Fidelity switch
        {
            "reference" => Gen.Fidelity.Reference,
            "paper" => Gen.Fidelity.Paper,
            var other => throw new AdaLoRAException($"'{_path}': fidelity is '{other}'; it must be reference, paper or lora."),
        };
        options.InitialRank = Int("init_r");
        options.Budget = checked(Int("target_r") * Matrices.Length);
        options.InitialWarmup = Int("tinit");
        options.FinalWarmup = Int("tfinal");
        options.Interval = Int("deltaT");
        options.Beta1 = Double("beta1");
        options.Beta2 = Double("beta2");
        options.OrthogonalWeight = Double("orth_reg_weight");
        return options;
    }

    /// <summary>The options of the run's optimizer.</summary>
    public AdaLoRAOptimizerOptions OptimizerOptions()
    {
        var o = Need(_json, "optimizer", JsonValueKind.Object);
        var options = new AdaLoRAOptimizerOptions
        {
            Kind = Text(o, "kind") switch
            {
                "adamw" => OptimizerKind.AdamW,
                "sgd" => OptimizerKind.Sgd,
                var other => throw new AdaLoRAException($"'{_path}': the optimizer is '{other}'; it must be adamw or sgd."),
            },
            LearningRate = Number(o, "lr"),
            MaxGradNorm = Has(_json, "clip_grad_norm") ? Double("clip_grad_norm") : 0,
        };
        if (Has(o, "weight_decay")) options.WeightDecay = Number(o, "weight_decay");
        if (Has(o, "eps")) options.Epsilon = Number(o, "eps");
        if (!Has(o, "betas")) return options;
        var betas = o.GetProperty("betas");
        if (betas.ValueKind != JsonValueKind.Array || betas.GetArrayLength() != 2) throw new AdaLoRAException($"'{_path}': betas must be two numbers.");
        (options.Beta1, options.Beta2) = (betas[0].GetDouble(), betas[1].GetDouble());
        return options;
    }

    /// <summary>A number that was recorded after step <paramref name="t"/> (from 1), or null when it was not.</summary>
    public double? Recorded(int t, string name) =>
        _steps[t - 1].TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    /// <summary>The largest absolute value that was recorded under a name in the whole run.</summary>
    public double Largest(string name) => Enumerable.Range(1, Steps).Select(t => Math.Abs(Recorded(t, name) ?? 0)).Max();

    /// <summary>Python writes None where there is nothing.</summary>
    private static bool Has(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    private int Int(string name) => Double(name) is var value && value == Math.Floor(value) && Math.Abs(value) <= int.MaxValue
        ? (int)value
        : throw new AdaLoRAException($"'{_path}': {name} must be a whole number.");

    private double Double(string name) => Number(_json, name);

    private double Number(JsonElement parent, string name) => Need(parent, name, JsonValueKind.Number).GetDouble();

    private string Text(JsonElement parent, string name) => Need(parent, name, JsonValueKind.String).GetString()!;

    private JsonElement Need(JsonElement parent, string name, JsonValueKind kind) => parent.TryGetProperty(name, out var value) && value.ValueKind == kind
        ? value
        : throw new AdaLoRAException($"'{_path}' has no '{name}' ({kind}); a trace states it.");
}
