namespace AdaLoRA.Gen.Models;

/// <summary>Reads the rotary embedding of a config.json in its two spellings, and refuses every kind that would turn queries and keys otherwise.</summary>
internal static class LlamaRope
{
    internal static (double Theta, Llama3Scaling? Scaling) Read(ConfigFile json)
    {
        ConfigFile? rope = json.Section("rope_parameters") ?? json.Section("rope_scaling");
        double theta = rope?.OptionalNumber("rope_theta") ?? json.Number("rope_theta", 10000);
        if ((rope?.OptionalNumber("partial_rotary_factor") ?? json.Number("partial_rotary_factor", 1)) is not 1.0) throw json.Refuse("turns only a part of each head (partial_rotary_factor), which is not built here");
        // "type" is the oldest spelling.
        string kind = rope?.Text("rope_type", rope.Text("type", "default")) ?? "default";
        return kind switch
        {
            "default" => (theta, null),
            "llama3" => (theta, new Llama3Scaling(Demand("factor"), Demand("low_freq_factor"), Demand("high_freq_factor"), (long)Demand("original_max_position_embeddings"))),
            _ => throw json.Refuse($"stretches its positions by rope_type '{kind}'; 'default' and 'llama3' can be built"),
        };

        double Demand(string key) => rope!.OptionalNumber(key) ?? throw json.Refuse($"has rope_type 'llama3' without {key}");
    }
}
