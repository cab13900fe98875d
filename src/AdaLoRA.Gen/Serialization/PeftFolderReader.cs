using System.Globalization;
using System.Text.RegularExpressions;
using AdaLoRA.Gen.Adapters;
using TorchSharp;
using TorchSharp.Modules;
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
    private readonly Dictionary<string, bool[]> _patterns;
    private readonly Dictionary<string, double> _alphas;
    private readonly Dictionary<string, Dictionary<string, Tensor>> _factors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tensor> _modules = new(StringComparer.Ordinal);

    private PeftFolderReader(nn.Module model, string modelName, string folder)
    {
        _model = model;
        _modelName = modelName;
        _folder = folder;
        _config = PeftConfig.Read(folder);
        _patterns = _config.Method == AdapterMethod.AdaLoRA ? _config.Patterns() : [];
        _alphas = _config.Numbers("alpha_pattern");
    }

    /// <summary>Loads a folder onto a model without adapters.</summary>
    public static AdapterSet Load(nn.Module model, string modelName, string folder, string? checkpointRoot, bool trainable)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var reader = new PeftFolderReader(model, modelName, folder);
        reader.ReadTensors();
        return reader.Attach(checkpointRoot, trainable);
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
        if (file.Metadata.ContainsKey(PeftKeys.TrainableStamp) && !File.Exists(Path.Combine(_folder, PeftKeys.TrainableFile)))
        {
            throw new AdaLoRAException($"'{_folder}' was saved with fully trained modules, but {PeftKeys.TrainableFile} is missing; copy the whole folder.");
        }
        if (_factors.Count == 0) throw new AdaLoRAException($"'{file.Path}' holds no lora_A, lora_B or lora_E; it is no adapter.");
    }

    private AdapterSet Attach(string? checkpointRoot, bool trainable)
    {
        string root = checkpointRoot ?? FindRoot();
        string prefix = root.Length == 0 ? "" : root + ".";
        var layers = _model.named_modules().Where(m => m.module is Linear).ToDictionary(m => m.name, m => (Linear)m.module, StringComparer.Ordinal);
        var targets = new List<AdapterTarget>();
        foreach (string path in _factors.Keys)
        {
            if (!layers.TryGetValue(prefix + path, out var layer)) throw new AdaLoRAException($"'{_folder}' adapts '{path}', but {_modelName} has no Linear '{prefix}{path}'; load it onto the model it was trained on.");
            targets.Add(new AdapterTarget(prefix + path, layer));
        }
        targets.Sort((a, b) => CanonicalOrder.Compare(a.Path, b.Path));
        var loaded = targets.Select(t => Check(t, t.Path[prefix.Length..])).ToList();
        var parameters = Parameters(prefix);
        var options = Options(root, targets, parameters.Keys);
        AdapterSet.Check(_model, _modelName, options);
        var sizing = Sizing(options, loaded);
        var phases = new TrainingPhases(Whole("total_step", 1), Whole("tinit", 0), Whole("tfinal", 0));

        // Nothing below fails on account of the folder.
        var set = AdapterSet.Create(_model, _modelName, options, sizing, targets, [.. loaded.Select(l => l.Rank)], trainable);
        for (int i = 0; i < targets.Count; i++)
        {
            set.Adapters[i].Fill(loaded[i].A, loaded[i].B, loaded[i].E, loaded[i].Slots);
            set.Adapters[i].FoldedRatio = loaded[i].FoldedRatio;
        }
        foreach (var (name, value) in parameters) _model.get_parameter(name)!.copy_(value);
        set.LoadedConfig = _config;
        set.ModulesToSave = [.. _modules.Keys.Select(name => prefix + name)];
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
        Tensor a = factors["lora_A"], b = factors["lora_B"];
        long rank = a.dim() == 2 ? a.shape[0] : -1, rows = target.Layer.weight.shape[0], columns = target.Layer.weight.shape[1];
        bool fits = a.dim() == 2 && b.dim() == 2 && a.shape[1] == columns && b.shape[0] == rows && b.shape[1] == rank;
        if (fits && lambda) fits = factors["lora_E"].shape.SequenceEqual([rank, 1]);
        if (!fits)
        {
            throw new AdaLoRAException($"'{_folder}': the factors of '{path}' are A [{string.Join(", ", a.shape)}] and B [{string.Join(", ", b.shape)}], which do not fit its weight [{rows}, {columns}].");
        }
        if (!lambda) return new LoadedFactors(a, b, null, (int)rank, [.. Enumerable.Repeat(true, (int)rank)], LoRAScale(path, rank));
        int initial = Whole("init_r", rank);
        if (initial < Math.Max(1, rank)) throw new AdaLoRAException($"'{_folder}': init_r is {initial}, but '{path}' has {rank} triplets.");
        bool[] slots = _patterns.TryGetValue(path, out var pattern) ? pattern : [.. Enumerable.Repeat(true, (int)rank)];
        if (slots.Count(s => s) != rank) throw new AdaLoRAException($"'{_folder}': rank_pattern keeps {slots.Count(s => s)} triplets of '{path}', but the file holds {rank}.");
        return new LoadedFactors(a, b, factors["lora_E"], (int)rank, slots, _config.Number("lora_alpha", 8) is > 0 and var alpha ? alpha / (initial + 1e-5) : initial / (initial + 1e-5));
    }

    private double LoRAScale(string path, long rank)
    {
        double alpha = OwnAlpha(path) ?? _config.Number("lora_alpha", 8);
        return rank == 0 ? 1 : alpha / (_config.Flag("use_rslora") ? Math.Sqrt(rank) : rank);
    }

    /// <summary>PEFT takes a key of alpha_pattern for a regular expression on the whole path or on its end; an exact key goes first.</summary>
    private double? OwnAlpha(string path)
    {
        if (_alphas.TryGetValue(path, out double exact)) return exact;
        foreach (var (key, alpha) in _alphas)
        {
            try
            {
                if (Regex.IsMatch(path, $@"^(.*\.)?({key})$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)) return alpha;
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException)
            {
                throw new AdaLoRAException($"'{_folder}': the key '{key}' of alpha_pattern is no pattern that can be read here; write the module's path.", e);
            }
        }
        return null;
    }

    private int Whole(string name, double missing)
    {
        double value = _config.Number(name, missing);
        return value == Math.Floor(value) && Math.Abs(value) <= int.MaxValue ? (int)value : throw new AdaLoRAException($"'{_folder}': {name} is {value.ToString(CultureInfo.InvariantCulture)}; it must be a whole number.");
    }

    /// <summary>The fully trained parameters: PEFT's modules_to_save, and our own file.</summary>
    private Dictionary<string, Tensor> Parameters(string prefix)
    {
        var parameters = _modules.ToDictionary(m => prefix + m.Key, m => m.Value, StringComparer.Ordinal);
        string own = Path.Combine(_folder, PeftKeys.TrainableFile);
        if (File.Exists(own))
        {
            using var file = SafetensorsFile.Open(own);
            foreach (string name in file.Names) parameters[name] = file.Read(name);
        }
        foreach (var (name, value) in parameters)
        {
            var parameter = _model.get_parameter(name) ?? throw new AdaLoRAException($"'{_folder}' holds a trained parameter '{name}', which {_modelName} does not have.");
            if (!parameter.shape.SequenceEqual(value.shape))
            {
                throw new AdaLoRAException($"'{_folder}': '{name}' is [{string.Join(", ", value.shape)}], but {_modelName} has [{string.Join(", ", parameter.shape)}]; build the model with the same sizes.");
            }
        }
        return parameters;
    }

    private AdaLoRAOptions Options(string root, List<AdapterTarget> targets, IEnumerable<string> parameters) => new()
    {
        Method = _config.Method,
        Budget = (int)Math.Min(Math.Max(1, (long)Whole("target_r", 1)) * targets.Count, int.MaxValue),
        Targets = [.. targets.Select(t => t.Path)],
        Trainable = [.. parameters],
        InitialRank = _config.Method == AdapterMethod.AdaLoRA ? Whole("init_r", 12) : Whole("r", 8),
        Alpha = Math.Max(0, _config.Number("lora_alpha", 8)),
        Dropout = _config.Number("lora_dropout", 0),
        Interval = Math.Max(1, Whole("deltaT", 1)),
        Beta1 = _config.Number("beta1", 0.85),
        Beta2 = _config.Number("beta2", 0.85),
        OrthogonalWeight = _config.Number("orth_reg_weight", 0.5),
        CheckpointRoot = root,
    };

    /// <summary>The arena has one scale; adapters of a LoRA folder that differ from it (alpha_pattern, rsLoRA with rank_pattern) take the ratio into A.</summary>
    private AdapterSizing Sizing(AdaLoRAOptions options, List<LoadedFactors> loaded)
    {
        if (options.Method == AdapterMethod.AdaLoRA)
        {
            int initial = Whole("init_r", loaded.Max(l => l.Rank));
            return new AdapterSizing(initial, options.Alpha > 0 ? options.Alpha : initial, loaded[0].Scale, options.Budget);
        }
        double scale = loaded.Find(l => l.Rank > 0)?.Scale ?? 1;
        for (int i = 0; i < loaded.Count; i++)
        {
            double ratio = loaded[i].Rank == 0 ? 1 : loaded[i].Scale / scale;
            if (ratio != 1) loaded[i] = loaded[i] with { A = loaded[i].A.to(ScalarType.Float64).mul((Scalar)ratio), FoldedRatio = ratio };
        }
        return new AdapterSizing(Whole("r", loaded.Max(l => l.Rank)), options.Alpha, scale, loaded.Sum(l => l.Rank));
    }

    /// <summary>The module of the model below which every path of the folder is a Linear.</summary>
    private string FindRoot()
    {
        var linear = _model.named_modules().Where(m => m.module is Linear).Select(m => m.name).ToHashSet(StringComparer.Ordinal);
        string[] roots = [.. _model.named_modules().Select(m => m.name).Prepend("").Where(r => _factors.Keys.All(p => linear.Contains(r.Length == 0 ? p : $"{r}.{p}")))];
        return roots.Length switch
        {
            1 => roots[0],
            0 => throw new AdaLoRAException($"'{_folder}' adapts '{_factors.Keys.First()}' and {_factors.Count - 1} more layers, and no part of {_modelName} has them all; load it onto the model it was trained on."),
            _ => throw new AdaLoRAException($"'{_folder}' fits {_modelName} below '{roots[0]}' and below '{roots[1]}'; say which with checkpointRoot."),
        };
    }

    private sealed record LoadedFactors(Tensor A, Tensor B, Tensor? E, int Rank, bool[] Slots, double Scale, double FoldedRatio = 1);
}
