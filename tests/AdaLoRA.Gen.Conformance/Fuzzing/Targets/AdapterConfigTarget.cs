using System.Text.Json.Nodes;
using AdaLoRA.Gen.Conformance.Training;
using AdaLoRA.Gen.Serialization;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Fuzzing.Targets;

/// <summary><c>adapter_config.json</c> of a sound AdaLoRA and a sound LoRA folder: each of its readings, then the whole loading onto a model, which must leave no trace when it fails.</summary>
internal sealed class AdapterConfigTarget : JsonFileTarget
{
    private readonly TinyModel _model = new(0, ScalarType.Float32);

    public AdapterConfigTarget()
    {
        foreach (var method in Enum.GetValues<AdapterMethod>())
        {
            string folder = Folder(method.ToString());
            var set = _model.AttachAdaLoRA(o => o.Method = method);
            // Some triplets are gone, so that rank_pattern says something.
            using (no_grad()) set.Arena.Mask.narrow(0, 1, 2).zero_();
            set.RanksChanged();
            set.Save(folder);
            _model.DetachAdaLoRA();
            AddSeed(Path.Combine(folder, PeftConfig.FileName));
        }
        // A LoRA folder of PEFT's in which layers differ.
        string pattern = Folder("patterns");
        foreach (string file in Directory.GetFiles(Folder(nameof(AdapterMethod.LoRA)))) File.Copy(file, Path.Combine(pattern, Path.GetFileName(file)));
        string config = Path.Combine(pattern, PeftConfig.FileName);
        var fields = JsonNode.Parse(File.ReadAllText(config))!.AsObject();
        fields["alpha_pattern"] = new JsonObject { ["first"] = 3, [".*second"] = 5.5 };
        fields["use_rslora"] = true;
        File.WriteAllText(config, fields.ToJsonString());
        AddSeed(config);
    }

    // Attaching takes more than 1 MB for its patterns' automata, whatever the config says.
    public override (int Factor, int Constant) Allowance => (64, 4 * 1024 * 1024);

    public override void Read()
    {
        var config = PeftConfig.Read(Placed);
        _ = (config.Method, config.Text("task_type"), config.Flag("use_rslora"), config.Flag("use_dora"));
        try
        {
            AdapterSet.Load(_model, Placed).Detach();
        }
        catch (AdaLoRAException) when (AdapterSet.Of(_model) is not null)
        {
            throw new InvalidDataException("a refused folder left adapters on the model");
        }
        // The readings that loading does not make for this method.
        _ = config.Patterns();
        _ = config.Numbers("alpha_pattern");
        _ = config.Number("lora_alpha", 8);
    }

    protected override void Dispose(bool disposing)
    {
        _model.Dispose();
        base.Dispose(disposing);
    }
}
