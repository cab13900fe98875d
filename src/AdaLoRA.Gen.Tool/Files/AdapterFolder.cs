using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Tool.Files;

/// <summary>
/// A folder of PEFT's form, opened without a model and without libtorch. What the run time refuses of such a folder is refused here in the same words, where it can be told without the model.
/// </summary>
internal sealed class AdapterFolder : IDisposable
{
    private readonly SafetensorsFile _file;
    private readonly SafetensorsFile? _beside;

    private AdapterFolder(string folder, PeftConfig config, SafetensorsFile file, SafetensorsFile? beside)
    {
        (Folder, Config, _file, _beside) = (folder, config, file, beside);
        Scales = new PeftScales(config, folder);
        Targets = ReadTargets();
    }

    public string Folder { get; }

    public PeftConfig Config { get; }

    public AdapterMethod Method => Config.Method;

    public PeftScales Scales { get; }

    /// <summary>In the run time's own order.</summary>
    public IReadOnlyList<SavedTarget> Targets { get; }

    /// <summary>Base parameters that lie in the file (modules_to_save, biases) by the names that PEFT's model has for them, with their keys.</summary>
    public IReadOnlyDictionary<string, string> Saved { get; private set; } = new Dictionary<string, string>();

    /// <summary>Names in trainable.safetensors, as the model has them.</summary>
    public IReadOnlyList<string> Beside => _beside?.Names ?? [];

    /// <summary>Opens and judges a folder.</summary>
    /// <exception cref="AdaLoRAException">It is none, or its files do not fit together.</exception>
    /// <exception cref="SafetensorsException">A tensor file is damaged.</exception>
    public static AdapterFolder Open(string folder)
    {
        var config = PeftConfig.Read(folder);
        SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, PeftKeys.TensorFile));
        SafetensorsFile? beside = null;
        try
        {
            beside = OpenBeside(folder, file);
            return new AdapterFolder(folder, config, file, beside);
        }
        catch
        {
            file.Dispose();
            beside?.Dispose();
            throw;
        }
    }

    /// <summary>An entry of the file, or of the one beside it.</summary>
    public SafetensorsEntry Entry(string key, bool beside = false) => (beside ? _beside! : _file).Entries[key];

    /// <summary>Some bytes of an entry.</summary>
    public void ReadBytes(string key, bool beside, long first, Span<byte> into) => (beside ? _beside! : _file).ReadBytes(key, first, into);

    /// <summary>All values of a floating-point entry.</summary>
    public double[] Read(string key, bool beside = false)
    {
        var entry = Entry(key, beside);
        if (!Elements.IsFloat(entry.DType)) throw new AdaLoRAException($"'{Folder}': '{key}' is {entry}; the tool computes with F32, F16, BF16 and F64.");
        byte[] bytes = new byte[entry.ByteCount];
        ReadBytes(key, beside, 0, bytes);
        double[] values = new double[bytes.Length / Elements.Size(entry.DType)];
        Elements.Read(entry.DType, bytes, values);
        return values;
    }

    /// <summary>The numbers of a target, as stored.</summary>
    /// <exception cref="AdaLoRAException">They are of a grouped convolution whose groups differ, which is no product B·A of its matrix.</exception>
    public Factors Factors(SavedTarget target)
    {
        double[] a = Read(target.KeyA);
        if (target.Groups > 1) a = OneGroup(target, a);
        return new Factors(a, Read(target.KeyB), target.KeyE is null ? null : Read(target.KeyE), target.Rank, target.In, target.Out, target.StoredA.DType == "F64");
    }

    /// <summary>The filters of the first group, after looking whether those of every other are the same and lie on the diagonal.</summary>
    private double[] OneGroup(SavedTarget target, double[] stored)
    {
        int rank = target.Rank, width = target.In, groups = target.Groups;
        double[] first = new double[rank * width];
        for (int k = 0; k < rank; k++) stored.AsSpan(k * width * groups, width).CopyTo(first.AsSpan(k * width));
        for (int row = 0; row < rank * groups; row++)
        {
            for (int g = 0; g < groups; g++)
            {
                var block = stored.AsSpan((row * groups + g) * width, width);
                bool holds = g == row / rank ? block.SequenceEqual(first.AsSpan(row % rank * width, width)) : block.IndexOfAnyExcept(0.0) < 0;
                if (!holds) throw new AdaLoRAException($"'{Folder}': the filters of '{target.Path}' mix the groups of its convolution, or differ between them, which is no ΔW of its weight; merge the adapter with PEFT instead.");
            }
        }
        return first;
    }

    public void Dispose()
    {
        _file.Dispose();
        _beside?.Dispose();
    }

    private static SafetensorsFile? OpenBeside(string folder, SafetensorsFile file)
    {
        string beside = Path.Combine(folder, PeftKeys.TrainableFile);
        if (file.Metadata.TryGetValue(PeftKeys.TrainableStamp, out string? digest))
        {
            if (!File.Exists(beside)) throw new AdaLoRAException($"'{folder}' was saved with fully trained modules, but {PeftKeys.TrainableFile} is missing; copy the whole folder.");
            if (digest != PeftKeys.TrainableFile && digest != PeftKeys.Digest(beside)) throw new AdaLoRAException($"'{folder}' was interrupted while it was written, or put together from two: {PeftKeys.TrainableFile} does not belong to {PeftKeys.TensorFile}; save the adapter again.");
        }
        return File.Exists(beside) ? SafetensorsFile.Open(beside) : null;
    }

    private List<SavedTarget> ReadTargets()
    {
        var factors = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        var saved = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string key in _file.Names)
        {
            if (PeftKeys.TrySplit(key, out string path, out string factor))
            {
                if (!factors.TryGetValue(path, out var keys)) factors.Add(path, keys = new Dictionary<string, string>(StringComparer.Ordinal));
                if (!keys.TryAdd(factor, key)) throw new AdaLoRAException($"'{_file.Path}' holds {factor} of '{path}' twice, with and without '.weight'; keep one.");
            }
            else if (!key.StartsWith(PeftKeys.Prefix, StringComparison.Ordinal))
            {
                throw new AdaLoRAException($"'{_file.Path}' holds '{key}', which is no tensor of a PEFT adapter; its names start with '{PeftKeys.Prefix}'.");
            }
            else if (!saved.TryAdd(PeftKeys.Parameter(key[PeftKeys.Prefix.Length..]), key))
            {
                throw new AdaLoRAException($"'{Folder}' holds '{PeftKeys.Parameter(key[PeftKeys.Prefix.Length..])}' twice, with and without what PEFT puts in between; keep one.");
            }
        }
        if (factors.Count == 0) throw new AdaLoRAException($"'{_file.Path}' holds no lora_A, lora_B or lora_E; it is no adapter.");
        Saved = saved;
        var patterns = Method == AdapterMethod.AdaLoRA ? Config.Patterns() : [];
        var targets = factors.Select(f => Target(f.Key, f.Value, patterns)).ToList();
        targets.Sort((a, b) => CanonicalOrder.Compare(a.Path, b.Path));
        string? unknown = patterns.Keys.FirstOrDefault(p => !factors.ContainsKey(p));
        if (unknown is not null) throw new AdaLoRAException($"'{Folder}': rank_pattern names '{unknown}', which the tensor file does not adapt; the two files belong to different adapters, or to different models.");
        return targets;
    }

    private SavedTarget Target(string path, Dictionary<string, string> keys, Dictionary<string, bool[]> patterns)
    {
        bool lambda = Method == AdapterMethod.AdaLoRA;
        foreach (string name in lambda ? (string[])["lora_A", "lora_B", "lora_E"] : ["lora_A", "lora_B"])
        {
            if (!keys.TryGetValue(name, out string? key)) throw new AdaLoRAException($"'{Folder}' has no {name} for '{path}'; the file is not complete.");
            if (!Elements.IsFloat(Entry(key).DType)) throw new AdaLoRAException($"'{Folder}': {name} of '{path}' is {Entry(key).DType}; it must be a floating-point tensor.");
        }
        if (!lambda && keys.ContainsKey("lora_E")) throw new AdaLoRAException($"'{Folder}' holds a lora_E of '{path}', but {PeftConfig.FileName} says LORA: its files belong to two adapters; save it again.");
        SafetensorsEntry a = Entry(keys["lora_A"]), b = Entry(keys["lora_B"]);
        bool fits = lambda
            ? a.Shape.Count == 2 && b.Shape.Count == 2 && b.Shape[1] == a.Shape[0] && Entry(keys["lora_E"]).Shape.SequenceEqual([a.Shape[0], 1])
            : a.Shape.Count >= 2 && b.Shape.Count == a.Shape.Count && b.Shape.Skip(2).All(n => n == 1) && (a.Shape.Count == 2 ? b.Shape[1] == a.Shape[0] : b.Shape[1] > 0 && a.Shape[0] % b.Shape[1] == 0);
        if (!fits) throw new AdaLoRAException($"'{Folder}': the factors of '{path}' are A {Output.Text.Shape(a.Shape)} and B {Output.Text.Shape(b.Shape)}, which do not fit each other.");
        int rank = checked((int)a.Shape[0]);
        if (!lambda) return new SavedTarget(path, keys["lora_A"], keys["lora_B"], null, a, b, Scales.LoRA(path, a.Shape[0]), [.. Enumerable.Repeat(true, rank)]);
        var (initial, slots) = PeftSlots.Of(Folder, path, rank, Scales.Whole("init_r", rank), patterns);
        return new SavedTarget(path, keys["lora_A"], keys["lora_B"], keys["lora_E"], a, b, Scales.AdaLoRA(initial), slots);
    }
}
