using System.Security.Cryptography;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// The tensor names of an adapter folder: <c>base_model.model.&lt;module path&gt;.lora_A</c> for AdaLoRA, with <c>.weight</c> behind for plain LoRA, and
/// <c>lora_embedding_A</c> (no suffix) for a plain LoRA embedding.
/// </summary>
internal static class PeftKeys
{
    public const string Prefix = "base_model.model.";
    public const string TensorFile = "adapter_model.safetensors";
    public const string TrainableFile = "trainable.safetensors";

    /// <summary>Metadata of the tensor file that says trained parameters lie beside it, and by <see cref="Digest"/> which; PEFT's own folders do not have it.</summary>
    public const string TrainableStamp = "adalora_gen.trainable";

    /// <summary>What PEFT puts between an adapted layer and its own parameters.</summary>
    private const string BaseLayer = ".base_layer.";

    /// <summary>SHA-256 of a file: the files of a folder are renamed one after the other, and two of different moments must not be taken for one adapter.</summary>
    public static string Digest(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Key of a factor.</summary>
    /// <param name="path">Module path, relative to the checkpoint's root.</param>
    /// <param name="factor">lora_A, lora_B or lora_E.</param>
    /// <param name="method">AdaLoRA or LoRA.</param>
    /// <param name="isEmbedding">Whether the layer is an embedding.</param>
    public static string Of(string path, string factor, AdapterMethod method, bool isEmbedding = false) =>
        Prefix + path + "." + (method == AdapterMethod.AdaLoRA ? factor : isEmbedding ? factor.Replace("lora_", "lora_embedding_", StringComparison.Ordinal) : factor + ".weight");

    /// <summary>Key of a base parameter that was trained.</summary>
    /// <param name="name">Its name, relative to the checkpoint's root.</param>
    /// <param name="isAdapted">Whether its module is adapted, so that PEFT wraps it.</param>
    public static string OfParameter(string name, bool isAdapted)
    {
        int dot = name.LastIndexOf('.');
        return isAdapted && dot > 0 ? Prefix + name[..dot] + BaseLayer + name[(dot + 1)..] : Prefix + name;
    }

    /// <summary>Name of the base parameter that a key, relative to the prefix, means. Older PEFT puts modules_to_save in between, too.</summary>
    public static string Parameter(string key) => key.Replace(BaseLayer, ".", StringComparison.Ordinal).Replace(".modules_to_save.", ".", StringComparison.Ordinal);

    /// <summary>Splits a key into module path and factor; false for a key that is no factor (a saved module).</summary>
    public static bool TrySplit(string key, out string path, out string factor)
    {
        (path, factor) = ("", "");
        if (!key.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        string name = key[Prefix.Length..];
        if (name.EndsWith(".weight", StringComparison.Ordinal)) name = name[..^".weight".Length];
        int dot = name.LastIndexOf('.');
        if (dot < 1) return false;
        (path, factor) = (name[..dot], name[(dot + 1)..].Replace("lora_embedding_", "lora_", StringComparison.Ordinal));
        return factor is "lora_A" or "lora_B" or "lora_E";
    }
}
