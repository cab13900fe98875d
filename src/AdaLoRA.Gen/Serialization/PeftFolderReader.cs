using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Reads a PEFT folder (AdaLoRA or LoRA) and attaches it to a model. Everything is read and checked before the model is touched: a bad folder leaves no trace on it.
/// </summary>
internal sealed class PeftFolderReader
{
    private readonly nn.Module _model;
    private readonly string _modelName;
    private readonly string _folder;
    private readonly PeftConfig _config;
    private readonly PeftScales _scales;
    private readonly Dictionary<string, bool[]> _patterns;
    private readonly Dictionary<string, AdaptedLayer> _layers;
    private readonly Dictionary<string, Dictionary<string, Tensor>> _factors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tensor> _modules = new(StringComparer.Ordinal);

    private PeftFolderReader(nn.Module model, string modelName, string folder)
    {
        _model = model;
        _modelName = modelName;
        _folder = folder;
        _config = PeftConfig.Read(folder);
        _config.RefuseWhatChangesTheNumbers(folder);
        _scales = new PeftScales(_config, folder);
        _patterns = _config.Method == AdapterMethod.AdaLoRA ? _config.Patterns() : [];
        _layers = model.named_modules().Where(m => !AdapterSet.IsOwn(model, m.name))
            .Select(m => (m.name, Layer: AdaptedLayer.Of(m.module))).Where(m => m.Layer is not null).ToDictionary(m => m.name, m => m.Layer!, StringComparer.Ordinal);
    }

    /// <summary>Loads a folder onto a model. For one that shares its tensors, <paramref name="beforeWriting"/> is told, when all is checked, which of the model's own parameters and buffers are written next.</summary>
    public static AdapterSet Load(nn.Module model, string modelName, string folder, string? checkpointRoot, bool trainable, string name, Action<IEnumerable<string>>? beforeWriting = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var reader = new PeftFolderReader(model, modelName, folder);
        reader.ReadTensors();
        return reader.Attach(checkpointRoot, trainable, name, beforeWriting);
    }

    private void ReadTensors()
    {
        using var file = SafetensorsFile.Open(Path.Combine(_folder, PeftKeys.TensorFile));
        foreach (string key in file.Names)
        {
            if (PeftKeys.TrySplit(key, out string path, out string factor))
            {
                if (!_factors.TryGetValue(path, out var factors)) _factors.Add(path, factors = new Dictionary<string, Tensor>(StringComparer.Ordinal));
                if (!factors.TryAdd(factor, file.Read(key))) throw new AdaLoRAException($"'{file.Path}' holds {factor} of '{path}' twice, with and without '.weight'; keep one.");
            }
            else if (key.StartsWith(PeftKeys.Prefix, StringComparison.Ordinal))
            {
                _modules[key[PeftKeys.Prefix.Length..]] = file.Read(key);
            }
            else
            {
                throw new AdaLoRAException($"'{file.Path}' holds '{key}', which is no tensor of a PEFT adapter; its names start with '{PeftKeys.Prefix}'.");
            }
        }
        if (file.Metadata.TryGetValue(PeftKeys.TrainableStamp, out string? digest))
        {
            string beside = Path.Combine(_folder, PeftKeys.TrainableFile);
            if (!File.Exists(beside)) throw new AdaLoRAException($"'{_folder}' was saved with fully trained modules, but {PeftKeys.TrainableFile} is missing; copy the whole folder.");
            // Earlier versions wrote the file's name.
            if (digest != PeftKeys.TrainableFile && digest != PeftKeys.Digest(beside)) throw new AdaLoRAException($"'{_folder}' was interrupted while it was written, or put together from two: {PeftKeys.TrainableFile} does not belong to {PeftKeys.TensorFile}; save the adapter again.");
        }
        if (_factors.Count == 0) throw new AdaLoRAException($"'{file.Path}' holds no lora_A, lora_B or lora_E; it is no adapter.");
    }

    private AdapterSet Attach(string? checkpointRoot, bool trainable, string name, Action<IEnumerable<string>>? beforeWriting)
    {
        string root = checkpointRoot ?? FindRoot();
        string prefix = root.Length == 0 ? "" : root + ".";
        var targets = new List<AdapterTarget>();
        foreach (string path in _factors.Keys)
        {
            if (!_layers.TryGetValue(prefix + path, out var layer)) throw new AdaLoRAException($"'{_folder}' adapts '{path}', but {_modelName} has no layer '{prefix}{path}' that can be adapted; load it onto the model it was trained on.");
            targets.Add(new AdapterTarget(prefix + path, layer));
        }
        targets.Sort((a, b) => CanonicalOrder.Compare(a.Path, b.Path));
        var loaded = targets.Select(t => Check(t, t.Path[prefix.Length..])).ToList();
        var inFile = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string key in _modules.Keys)
        {
            if (!inFile.TryAdd(prefix + PeftKeys.Parameter(key), PeftKeys.Prefix + key)) throw new AdaLoRAException($"'{_folder}' holds '{PeftKeys.Parameter(key)}' twice, with and without what PEFT puts in between; keep one.");
        }
        RequireKnownPatterns();
        var parameters = Parameters(prefix);
        // PEFT saves the weight of an adapted embedding or head, too: a value that comes along, not one that is trained.
        string[] carried = [.. parameters.Keys.Where(n => targets.Exists(t => n == t.Path + ".weight") || _model.get_parameter(n) is null)];
        var options = Options(root, targets, parameters.Keys.Except(carried), trainable);
        AdapterSet.Check(_model, _modelName, options, name, trainable);
        var sizing = Sizing(options, loaded);
        var shapes = targets.Select((t, i) => new AdapterShape(loaded[i].Rank, t.Layer.InFeatures, t.Layer.OutFeatures, loaded[i].Scale)).ToList();
        var phases = new TrainingPhases(_scales.Whole("total_step", 1), _scales.Whole("tinit", 0), _scales.Whole("tfinal", 0));

        // Nothing below fails on account of the folder.
        beforeWriting?.Invoke(parameters.Keys);
        var set = AdapterSet.Create(_model, _modelName, name, options, sizing, targets, shapes, trainable, carried);
        for (int i = 0; i < targets.Count; i++) set.Adapters[i].Fill(loaded[i].A, loaded[i].B, loaded[i].E, loaded[i].Slots);
        foreach (var (parameter, value) in parameters) TrainedValues.Find(_model, parameter).copy_(value);
        set.Loaded = new LoadedFolder(_config, inFile);
        set.Phases = phases;
        set.Refold();
        return set;
    }

    private LoadedFactors Check(AdapterTarget target, string path)
    {
        var factors = _factors[path];
        bool lambda = _config.Method == AdapterMethod.AdaLoRA;
        foreach (string name in lambda ? (string[])["lora_A", "lora_B", "lora_E"] : ["lora_A", "lora_B"])
        {
            if (!factors.TryGetValue(name, out var factor)) throw new AdaLoRAException($"'{_folder}' has no {name} for '{path}'; the file is not complete.");
            if (!factor.is_floating_point()) throw new AdaLoRAException($"'{_folder}': {name} of '{path}' is {factor.dtype}; it must be a floating-point tensor.");
        }
        if (!lambda && factors.ContainsKey("lora_E")) throw new AdaLoRAException($"'{_folder}' holds a lora_E of '{path}', but {PeftConfig.FileName} says LORA: its files belong to two adapters; save it again.");
        Tensor storedA = factors["lora_A"], storedB = factors["lora_B"];
        Tensor? a = lambda ? Matrix(storedA) : target.Layer.ReadLoRAFactorA(storedA), b = lambda ? Matrix(storedB) : target.Layer.ReadLoRAFactorB(storedB);
        int rows = target.Layer.OutFeatures, columns = target.Layer.InFeatures;
        bool fits = a is not null && b is not null && a.shape[1] == columns && b.shape[0] == rows && b.shape[1] == a.shape[0];
        if (fits && lambda) fits = factors["lora_E"].shape.SequenceEqual([a!.shape[0], 1]);
        if (!fits)
        {
            throw new AdaLoRAException($"'{_folder}': the factors of '{path}' are A [{string.Join(", ", storedA.shape)}] and B [{string.Join(", ", storedB.shape)}], which do not fit its weight [{string.Join(", ", target.Layer.Weight.shape)}].");
        }
        int rank = (int)a!.shape[0];
        if (!lambda) return new LoadedFactors(a, b!, null, rank, [.. Enumerable.Repeat(true, rank)], _scales.LoRA(path, storedA.shape[0]));
        var (initial, slots) = PeftSlots.Of(_folder, path, rank, _scales.Whole("init_r", rank), _patterns);
        return new LoadedFactors(a, b!, factors["lora_E"], rank, slots, _scales.AdaLoRA(initial));
    }

    private void RequireKnownPatterns()
    {
        string? unknown = _patterns.Keys.FirstOrDefault(p => !_factors.ContainsKey(p));
        if (unknown is not null) throw new AdaLoRAException($"'{_folder}': rank_pattern names '{unknown}', which the tensor file does not adapt; the two files belong to different adapters, or to different models.");
    }

    private static Tensor? Matrix(Tensor factor) => factor.dim() == 2 ? factor : null;

    /// <summary>The fully trained parameters: PEFT's modules_to_save and biases, and our own file.</summary>
    private Dictionary<string, Tensor> Parameters(string prefix)
    {
        var parameters = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (key, value) in _modules) parameters[prefix + PeftKeys.Parameter(key)] = value;
        string own = Path.Combine(_folder, PeftKeys.TrainableFile);
        if (File.Exists(own))
        {
            using var file = SafetensorsFile.Open(own);
            foreach (string name in file.Names) parameters[name] = file.Read(name);
        }
        foreach (var (name, value) in parameters)
        {
            var parameter = TrainedValues.TryFind(_model, name) ?? throw new AdaLoRAException($"'{_folder}' holds a trained parameter '{name}', which {_modelName} does not have.");
            if (!parameter.shape.SequenceEqual(value.shape))
            {
                throw new AdaLoRAException($"'{_folder}': '{name}' is [{string.Join(", ", value.shape)}], but {_modelName} has [{string.Join(", ", parameter.shape)}]; build the model with the same sizes.");
            }
        }
        return parameters;
    }

    private AdaLoRAOptions Options(string root, List<AdapterTarget> targets, IEnumerable<string> parameters, bool trainable) => new()
    {
        Method = _config.Method,
        Budget = (int)Math.Min(Math.Max(1, (long)_scales.Whole("target_r", 1)) * targets.Count, int.MaxValue),
        Targets = [.. targets.Select(t => t.Path)],
        Trainable = [.. parameters],
        // Of a set that is only used, what lies in the file is all there is: older PEFT says "lora_only" and saves none.
        Bias = !trainable ? BiasTraining.None : _config.Text("bias") switch { "all" => BiasTraining.All, "lora_only" => BiasTraining.AdapterOnly, _ => BiasTraining.None },
        InitialRank = _config.Method == AdapterMethod.AdaLoRA ? _scales.Whole("init_r", 12) : _scales.Whole("r", 8),
        Alpha = Math.Max(0, _scales.Alpha),
        Dropout = _config.Number("lora_dropout", 0),
        Interval = Math.Max(1, _scales.Whole("deltaT", 1)),
        Beta1 = _config.Number("beta1", 0.85),
        Beta2 = _config.Number("beta2", 0.85),
        OrthogonalWeight = _config.Number("orth_reg_weight", 0.5),
        CheckpointRoot = root,
    };

    private AdapterSizing Sizing(AdaLoRAOptions options, List<LoadedFactors> loaded)
    {
        double scale = loaded.Find(l => l.Rank > 0)?.Scale ?? loaded[0].Scale;
        if (options.Method == AdapterMethod.LoRA) return new AdapterSizing(_scales.Whole("r", loaded.Max(l => l.Rank)), options.Alpha, scale, loaded.Sum(l => l.Rank));
        int initial = _scales.Whole("init_r", loaded.Max(l => l.Rank));
        return new AdapterSizing(initial, options.Alpha > 0 ? options.Alpha : initial, scale, options.Budget);
    }

    /// <summary>The module of the model below which every path of the folder is a layer that can be adapted.</summary>
    private string FindRoot()
    {
        string[] roots = [.. _model.named_modules().Select(m => m.name).Prepend("").Where(r => _factors.Keys.All(p => _layers.ContainsKey(r.Length == 0 ? p : $"{r}.{p}")))];
        return roots.Length switch
        {
            1 => roots[0],
            0 => throw new AdaLoRAException($"'{_folder}' adapts '{_factors.Keys.First()}' and {_factors.Count - 1} more layers, and no part of {_modelName} has them all; load it onto the model it was trained on."),
            _ => throw new AdaLoRAException($"'{_folder}' fits {_modelName} below '{roots[0]}' and below '{roots[1]}'; say which with checkpointRoot."),
        };
    }

    private sealed record LoadedFactors(Tensor A, Tensor B, Tensor? E, int Rank, bool[] Slots, double Scale);
}
