using System.Text.Json.Nodes;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tool.Files;

namespace AdaLoRA.Gen.Tool.Exporting;

/// <summary>Writes a folder as the plain LoRA that it equals, as the run time's SaveAsLoRA does.</summary>
internal static class LoRAExport
{
    public static void Write(AdapterFolder adapter, List<PlainForm> forms, string output)
    {
        var config = PeftConfig.Default(AdapterMethod.LoRA);
        config.Set("target_modules", new JsonArray([.. forms.Select(f => (JsonNode)f.Target.Path)]));
        if (forms.Exists(f => f.IsTransposed)) config.Set("fan_in_fan_out", true);
        config = PeftConfigWriter.LoRAConfig(config, [.. forms.Select(f => (f.Target.Path, f.StoredRank))], adapter.Config.Number("lora_dropout", 0), adapter.Config);
        OutputPlace.WriteFolder(output, made => AtomicFolder.Write(made, [PeftKeys.TensorFile, PeftKeys.TrainableFile, PeftConfig.FileName], temporary =>
        {
            var metadata = new Dictionary<string, string> { ["format"] = "pt" };
            if (adapter.Beside.Count > 0)
            {
                string beside = Path.Combine(temporary, PeftKeys.TrainableFile);
                SafetensorsWriter.WriteStreamed(beside, adapter.Beside.Select(name => Saved(adapter, name, name, beside: true)));
                metadata.Add(PeftKeys.TrainableStamp, PeftKeys.Digest(beside));
            }
            SafetensorsWriter.WriteStreamed(Path.Combine(temporary, PeftKeys.TensorFile), forms.SelectMany(Tensors).Concat(SavedInFile(adapter, forms)), metadata);
            config.Write(temporary);
        }));
    }

    private static IEnumerable<WrittenTensor> Tensors(PlainForm form)
    {
        var (shape, values) = form.StoredA();
        yield return Tensor("lora_A", shape, values);
        yield return Tensor("lora_B", form.StoredShapeB(), form.B);

        WrittenTensor Tensor(string factor, long[] sizes, double[] numbers)
        {
            string key = PeftKeys.Of(form.Target.Path, factor, AdapterMethod.LoRA, form.IsEmbedding);
            return form.IsDouble ? WrittenTensor.Of(key, SafetensorsDType.Find("F64")!, sizes, numbers) : WrittenTensor.Of(key, SafetensorsDType.Find("F32")!, sizes, Factors.Narrow(numbers));
        }
    }

    /// <summary>modules_to_save and biases. Of a target that is not written PEFT wraps nothing, so its bias has the plain name.</summary>
    private static IEnumerable<WrittenTensor> SavedInFile(AdapterFolder adapter, List<PlainForm> forms)
    {
        var written = forms.Select(f => f.Target.Path).ToHashSet(StringComparer.Ordinal);
        var targets = adapter.Targets.Select(t => t.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, key) in adapter.Saved)
        {
            int dot = name.LastIndexOf('.');
            string module = dot < 0 ? "" : name[..dot];
            bool stays = written.Contains(module) || !targets.Contains(module);
            yield return Saved(adapter, key, stays ? key : PeftKeys.OfParameter(name, isAdapted: false), beside: false);
        }
    }

    private static WrittenTensor Saved(AdapterFolder adapter, string key, string writtenAs, bool beside)
    {
        var entry = adapter.Entry(key, beside);
        byte[] bytes = new byte[entry.ByteCount];
        adapter.ReadBytes(key, beside, 0, bytes);
        return WrittenTensor.Of(writtenAs, SafetensorsDType.Find(entry.DType)!, entry.Shape, bytes);
    }
}
