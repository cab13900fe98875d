using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Serialization;
using TorchSharp;

namespace AdaLoRA.Gen;

public sealed partial class AdapterSet
{
    /// <summary>The folder that the set was loaded from; its other fields are kept when the set is saved again.</summary>
    internal LoadedFolder? Loaded { get; set; }

    internal TrainingPhases Phases { get; set; } = TrainingPhases.None;

    /// <summary>
    /// Saves a folder that Hugging Face PEFT loads: <c>adapter_model.safetensors</c> and <c>adapter_config.json</c> (type ADALORA or LORA, removed triplets left out), with keys
    /// relative to <see cref="AdaLoRAOptions.CheckpointRoot"/>. Fully trained modules below that root are PEFT's modules_to_save; others go beside into <c>trainable.safetensors</c>. Written
    /// to a temporary folder and renamed. PEFT knows AdaLoRA on Linear, Conv1D and Conv2d without groups; for other layers export with <see cref="SaveAsLoRA"/>.
    /// </summary>
    /// <param name="folder">Made when it does not exist; other files in it stay.</param>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        PeftFolderWriter.Write(this, folder);
    }

    /// <summary>
    /// Saves AdaLoRA as the plain LoRA adapter that it equals, for everything that loads LoRA (PEFT, vLLM, …): A' = E·A·scale, B' = B, removed triplets and targets of rank 0 left out, ranks
    /// that differ stated in rank_pattern. Exact but for one rounding of A'.
    /// </summary>
    /// <param name="folder">Made when it does not exist; other files in it stay.</param>
    /// <exception cref="AdaLoRAException">Every target has rank 0.</exception>
    public void SaveAsLoRA(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        PeftFolderWriter.WriteAsLoRA(this, folder);
    }

    /// <summary>
    /// Saves the adapters of a Llama-family model as the GGUF file that llama.cpp (<c>--lora</c>) and LLamaSharp load; like <see cref="SaveAsLoRA"/>, with llama.cpp's names and its
    /// order of query and key rows. Base and adapter must belong together: the file names no model.
    /// </summary>
    /// <param name="path">The file; its folder must exist. Written beside and renamed.</param>
    /// <param name="heads">The attention heads of the model.</param>
    /// <param name="name">What people call it. Default: no name.</param>
    /// <exception cref="AdaLoRAException">A layer has no name in llama.cpp, every target has rank 0, or modules were trained in full: the format holds adapters only.</exception>
    public void SaveAsGguf(string path, LlamaHeads heads, string? name = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(heads);
        // A weight that PEFT saved along with an adapted embedding is mostly the base's own.
        if (CarriedNames.FirstOrDefault(n => TrainableNames.Contains(n) || _trained!.Differs(n, TrainedValue(n))) is { } trained) throw new AdaLoRAException($"'{trained}' of {_modelName} was trained in full, which a GGUF adapter cannot hold; merge the adapters and convert the whole model instead.");
        foreach (var adapter in _adapters)
        {
            if (SharedWeights.WhyShared(_model, adapter) is { } why) throw new AdaLoRAException($"{why}: llama.cpp would apply the adapter in both places; leave '{adapter.Path}' out of the targets, or untie the weights.");
        }
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var forms = LoRAForm.Of(this).Select(f => (CheckpointPath(f.Adapter), f.A.to(torch.ScalarType.Float32), f.B.to(torch.ScalarType.Float32)));
        GgufLoraWriter.Write(path, heads, alpha: 0, forms, name);
    }

    /// <summary>
    /// Attaches a saved adapter (ADALORA or LORA, written here or by PEFT) to any model that has its layers, annotated or not. The folder is checked as a whole first; when it
    /// does not fit, the model stays as it was.
    /// </summary>
    /// <param name="model">A model; it may have other adapters, which are switched off.</param>
    /// <param name="folder">Holds <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</param>
    /// <param name="trainable">Whether training goes on; false holds no gradients.</param>
    /// <param name="checkpointRoot">Path of the module that the folder's keys are relative to. Null (default): the one below which all of them are found.</param>
    /// <param name="name">Tells the set from others on the same model.</param>
    /// <exception cref="AdaLoRAException">The folder is no adapter or does not fit the model.</exception>
    /// <exception cref="SafetensorsException">A tensor file is damaged.</exception>
    public static AdapterSet Load(torch.nn.Module model, string folder, bool trainable = false, string? checkpointRoot = null, string name = DefaultName)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return PeftFolderReader.Load(model, model.GetType().Name, folder, checkpointRoot, trainable, name);
    }

    /// <summary>A parameter that goes with this set as the set has it, whether it is switched on or off; a copy on the CPU.</summary>
    internal torch.Tensor TrainedValue(string name)
    {
        // While merged, ΔW is in the weight; it belongs to the factors.
        if (IsMerged && _adapters.Find(a => name == a.Path + ".weight" && a.InitialRank > 0) is { } adapter) return (_unmerged.TryGetValue(adapter, out var weight) ? weight : Sum(adapter, -1)).detach().to(torch.CPU, copy: true);
        return (_trained?.Own(name) ?? TrainedValues.Find(_model, name)).detach().to(torch.CPU, copy: true);
    }

    /// <summary>Path of an adapter's layer relative to the checkpoint's root.</summary>
    internal string CheckpointPath(Adapter adapter) => CheckpointName(adapter.Path);

    /// <summary>A name of the model, relative to the checkpoint's root.</summary>
    internal string CheckpointName(string name) => Options.CheckpointRoot.Length == 0 ? name : name[(Options.CheckpointRoot.Length + 1)..];
}
