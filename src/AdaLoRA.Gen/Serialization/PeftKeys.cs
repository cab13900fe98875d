namespace AdaLoRA.Gen.Serialization;

/// <summary>The tensor names of an adapter folder: <c>base_model.model.&lt;module path&gt;.lora_A</c>, for plain LoRA with <c>.weight</c> behind.</summary>
internal static class PeftKeys
{
    public const string Prefix = "base_model.model.";
    public const string TensorFile = "adapter_model.safetensors";
    public const string TrainableFile = "trainable.safetensors";

    /// <summary>Metadata of the tensor file that says the trained modules lie beside it; PEFT's own folders do not have it.</summary>
    public const string TrainableStamp = "adalora_gen.trainable";

    public static string Of(string path, string factor, AdapterMethod method) => Prefix + path + "." + factor + (method == AdapterMethod.LoRA ? ".weight" : "");

    /// <summary>Splits a key into module path and factor; false for a key that is no factor (a saved module).</summary>
    public static bool TrySplit(string key, out string path, out string factor)
    {
        (path, factor) = ("", "");
        if (!key.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        string name = key[Prefix.Length..];
        if (name.EndsWith(".weight", StringComparison.Ordinal)) name = name[..^".weight".Length];
        int dot = name.LastIndexOf('.');
        if (dot < 1) return false;
        (path, factor) = (name[..dot], name[(dot + 1)..]);
        return factor is "lora_A" or "lora_B" or "lora_E";
    }
}
