using System.Globalization;

namespace AdaLoRA.Gen.Serialization;

/// <summary>The factor on each ΔW that an <c>adapter_config.json</c> states, as PEFT computes it.</summary>
internal sealed class PeftScales
{
    private readonly PeftConfig _config;
    private readonly string _folder;
    private readonly Dictionary<string, double> _alphas;

    public PeftScales(PeftConfig config, string folder)
    {
        _config = config;
        _folder = folder;
        _alphas = config.Method == AdapterMethod.LoRA ? config.Numbers("alpha_pattern") : [];
        Alpha = config.Number("lora_alpha", 8);
    }

    public double Alpha { get; }

    /// <summary>AdaLoRA: alpha ÷ (init_r + 1e-5), whatever the rank is now; an alpha that is not positive stands for init_r.</summary>
    public double AdaLoRA(int initialRank) => (Alpha > 0 ? Alpha : initialRank) / (initialRank + 1e-5);

    /// <summary>LoRA: alpha ÷ r, or ÷ √r with rsLoRA, where alpha_pattern may state another alpha.</summary>
    /// <param name="path">Module path as the folder names it.</param>
    /// <param name="rank">Rows of A as the file holds it.</param>
    public double LoRA(string path, long rank) => rank == 0 ? 1 : (OwnAlpha(path) ?? Alpha) / (_config.Flag("use_rslora") ? Math.Sqrt(rank) : rank);

    /// <summary>A whole number of the config.</summary>
    public int Whole(string name, double missing)
    {
        double value = _config.Number(name, missing);
        return value == Math.Floor(value) && Math.Abs(value) <= int.MaxValue ? (int)value : throw new AdaLoRAException($"'{_folder}': {name} is {value.ToString(CultureInfo.InvariantCulture)}; it must be a whole number.");
    }

    /// <summary>The alpha of the first key that means the path, in the order of the file.</summary>
    private double? OwnAlpha(string path)
    {
        foreach (var (key, alpha) in _alphas)
        {
            try
            {
                if (PeftPatternKey.Matches(key, path)) return alpha;
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException)
            {
                throw new AdaLoRAException($"'{_folder}': the key '{key}' of alpha_pattern is no pattern that can be read here; write the module's path.", e);
            }
        }
        return null;
    }
}
