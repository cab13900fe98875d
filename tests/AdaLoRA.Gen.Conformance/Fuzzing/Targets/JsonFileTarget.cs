namespace AdaLoRA.Gen.Conformance.Fuzzing.Targets;

/// <summary>What the targets that read one JSON file of a folder share: the folder, the seeds and their damage.</summary>
internal abstract class JsonFileTarget : IFuzzTarget
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("adalora-fuzz-");
    private readonly List<byte[]> _seeds = [];
    private readonly List<JsonDamage> _damages = [];
    private readonly List<string> _paths = [];

    public IReadOnlyList<byte[]> Seeds => _seeds;

    public abstract (int Factor, int Constant) Allowance { get; }

    /// <summary>A folder of the target's own, made when it does not exist; gone after <see cref="Dispose()"/>.</summary>
    protected string Folder(string name) => _root.CreateSubdirectory(name).FullName;

    /// <summary>The folder of the input that was placed last.</summary>
    protected string Placed { get; private set; } = "";

    public byte[] Damage(int seed, Mixer random)
    {
        var bytes = random.OneIn(4) ? [.. _seeds[seed]] : _damages[seed].Apply(random);
        ByteDamage.Apply(bytes, bytes.Count, random, JsonDamage.Tokens);
        return [.. bytes];
    }

    public void Place(int seed, byte[] input)
    {
        Placed = Path.GetDirectoryName(_paths[seed])!;
        File.WriteAllBytes(_paths[seed], input);
    }

    public abstract void Read();

    public void Dispose()
    {
        Dispose(true);
        _root.Delete(recursive: true);
    }

    protected virtual void Dispose(bool disposing) { }

    /// <summary>Takes the file that stands at a path as a seed; its inputs are put there.</summary>
    protected void AddSeed(string path)
    {
        byte[] seed = File.ReadAllBytes(path);
        _seeds.Add(seed);
        _damages.Add(new JsonDamage(seed));
        _paths.Add(path);
    }
}
