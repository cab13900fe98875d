using System.Text.Json.Nodes;
using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tool.Tests;

/// <summary>A plain LoRA folder of one target of rank 2 and scale 2.</summary>
internal static class PlainFolder
{
    public static (Tensor A, Tensor B) Write(string folder, string path, int input, int output, bool embedding, float? value = null)
    {
        using var generator = new Generator(7);
        var a = randn([2, input], generator: generator) * 0.1;
        var b = randn([output, 2], generator: generator) * 0.1;
        if (value is { } one) a[1, 3] = one;
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, PeftKeys.TensorFile), [
            KeyValuePair.Create(PeftKeys.Of(path, "lora_A", AdapterMethod.LoRA, embedding), a),
            KeyValuePair.Create(PeftKeys.Of(path, "lora_B", AdapterMethod.LoRA, embedding), b),
        ]);
        var config = PeftConfig.Default(AdapterMethod.LoRA);
        config.Set("r", 2);
        config.Set("lora_alpha", 4);
        config.Set("target_modules", new JsonArray(path));
        config.Write(folder);
        return (a, b);
    }
}
