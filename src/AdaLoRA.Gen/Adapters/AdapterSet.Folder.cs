using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Serialization;
using TorchSharp;

namespace AdaLoRA.Gen;

public sealed partial class AdapterSet
{
    /// <summary>The config of the folder that the set was loaded from; its other fields are kept when the set is saved again.</summary>
    internal PeftConfig? LoadedConfig { get; set; }

    /// <summary>Fully trained parameters that came from PEFT's modules_to_save, and go back to where PEFT looks for them.</summary>
    internal IReadOnlyList<string> ModulesToSave { get; set; } = [];

    internal TrainingPhases Phases { get; set; } = TrainingPhases.None;

    /// <summary>
    /// Saves a folder that Hugging Face PEFT loads: <c>adapter_model.safetensors</c> and <c>adapter_config.json</c> (type ADALORA or LORA, removed triplets left out), with keys
    /// relative to <see cref="AdaLoRAOptions.CheckpointRoot"/>; fully trained modules go beside them into <c>trainable.safetensors</c>. Written to a temporary folder and renamed.
    /// </summary>
    /// <param name="folder">Made when it does not exist; other files in it stay.</param>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        PeftFolderWriter.Write(this, folder);
    }

    /// <summary>
    /// Attaches a saved adapter (ADALORA or LORA, written here or by PEFT) to any model that has its layers, annotated or not. The folder is checked as a whole first; when it
    /// does not fit, the model stays as it was.
    /// </summary>
    /// <param name="model">A model without adapters.</param>
    /// <param name="folder">Holds <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</param>
    /// <param name="trainable">Whether training goes on; false holds no gradients.</param>
    /// <param name="checkpointRoot">Path of the module that the folder's keys are relative to. Null (default): the one below which all of them are found.</param>
    /// <exception cref="AdaLoRAException">The folder is no adapter or does not fit the model.</exception>
    /// <exception cref="SafetensorsException">A tensor file is damaged.</exception>
    public static AdapterSet Load(torch.nn.Module model, string folder, bool trainable = false, string? checkpointRoot = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return PeftFolderReader.Load(model, model.GetType().Name, folder, checkpointRoot, trainable);
    }

    /// <summary>Path of an adapter's layer relative to the checkpoint's root.</summary>
    internal string CheckpointPath(Adapter adapter) => CheckpointName(adapter.Path);

    /// <summary>A name of the model, relative to the checkpoint's root.</summary>
    internal string CheckpointName(string name) => Options.CheckpointRoot.Length == 0 ? name : name[(Options.CheckpointRoot.Length + 1)..];
}
