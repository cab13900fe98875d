using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Saves a set as the folder that PEFT's <c>PeftModel.from_pretrained</c> loads: <c>adapter_model.safetensors</c> with the factors, the fully trained modules (modules_to_save) and
/// biases, and <c>adapter_config.json</c>. Trained parameters that PEFT could not place (outside the checkpoint's root, or parts of a module) lie beside them in
/// <c>trainable.safetensors</c>, under their names in the model; PEFT does not look at it.
/// </summary>
internal static class PeftFolderWriter
{
    private static readonly string[] s_owned = [PeftKeys.TensorFile, PeftKeys.TrainableFile, PeftConfig.FileName];

    public static void Write(AdapterSet set, string folder) => AtomicFolder.Write(folder, s_owned, temporary =>
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var kept = set.Adapters.ToDictionary(a => a, SavedTriplets.Of);
        var trained = TrainedKeys.Of(set, set.Adapters);
        WriteTensors(temporary, set, set.Adapters.SelectMany(a => Factors(set, a, kept[a])), trained);
        PeftConfigWriter.Config(set, kept, trained).Write(temporary);
    });

    /// <summary>Saves AdaLoRA as plain LoRA, exactly: A' = E·A·scale, B' = B (see <see cref="LoRAForm"/>).</summary>
    public static void WriteAsLoRA(AdapterSet set, string folder) => AtomicFolder.Write(folder, s_owned, temporary =>
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var forms = LoRAForm.Of(set);
        var trained = TrainedKeys.Of(set, forms.Select(f => f.Adapter));
        WriteTensors(temporary, set, forms.SelectMany(f => f.Tensors(set)), trained);
        PeftConfigWriter.LoRAConfig(set, forms, trained).Write(temporary);
    });

    private static void WriteTensors(string folder, AdapterSet set, IEnumerable<KeyValuePair<string, Tensor>> factors, TrainedKeys trained)
    {
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        if (trained.Beside.Count > 0)
        {
            string beside = Path.Combine(folder, PeftKeys.TrainableFile);
            SafetensorsWriter.Write(beside, trained.Beside.Select(n => KeyValuePair.Create(n, set.TrainedValue(n))));
            metadata.Add(PeftKeys.TrainableStamp, PeftKeys.Digest(beside));
        }
        var inFile = trained.InFile.Select(t => KeyValuePair.Create(t.Key, set.TrainedValue(t.Name)));
        SafetensorsWriter.Write(Path.Combine(folder, PeftKeys.TensorFile), factors.Concat(inFile), metadata);
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Factors(AdapterSet set, Adapter adapter, bool[] kept)
    {
        var method = set.Options.Method;
        string path = set.CheckpointPath(adapter);
        bool embedding = adapter.Layer.IsEmbedding;
        var index = SavedTriplets.Index(kept);
        Tensor a = Rows(adapter.lora_A, 0), b = Rows(adapter.lora_B, 1);
        if (method == AdapterMethod.LoRA) (a, b) = (adapter.Layer.LoRAFactorA(a).contiguous(), adapter.Layer.LoRAFactorB(b).contiguous());
        yield return KeyValuePair.Create(PeftKeys.Of(path, "lora_A", method, embedding), a);
        yield return KeyValuePair.Create(PeftKeys.Of(path, "lora_B", method, embedding), b);
        if (adapter.lora_E is { } e) yield return KeyValuePair.Create(PeftKeys.Of(path, "lora_E", method), Rows(e, 0));

        // What was only loaded goes back in the type it came in.
        Tensor Rows(Tensor t, int dim) => t.detach().cpu().index_select(dim, index).to(set.IsTrainable ? t.dtype : adapter.StoredType ?? t.dtype).contiguous();
    }
}
