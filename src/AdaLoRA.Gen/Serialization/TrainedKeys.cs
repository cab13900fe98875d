namespace AdaLoRA.Gen.Serialization;

/// <summary>Where each base parameter that goes with a set is saved.</summary>
/// <param name="InFile">In PEFT's tensor file, with their keys there.</param>
/// <param name="Beside">In our own file.</param>
/// <param name="Modules">PEFT's modules_to_save: modules below the checkpoint's root whose parameters are all trained.</param>
internal sealed record TrainedKeys(IReadOnlyList<(string Name, string Key)> InFile, IReadOnlyList<string> Beside, IReadOnlyList<string> Modules)
{
    /// <summary>Whether biases of adapted layers are among them (of a combination, say, whose options name none).</summary>
    public bool HasAdaptedBias => InFile.Any(t => t.Key.EndsWith(".base_layer.bias", StringComparison.Ordinal));

    /// <param name="set">The set.</param>
    /// <param name="written">The adapters that are written: PEFT wraps their layers and no others.</param>
    public static TrainedKeys Of(AdapterSet set, IEnumerable<Adapter> written)
    {
        var inFile = new List<(string, string)>();
        var beside = new List<string>();
        var modules = new SortedSet<string>(StringComparer.Ordinal);
        var trained = set.TrainableNames.ToHashSet(StringComparer.Ordinal);
        string root = set.Options.CheckpointRoot.Length == 0 ? "" : set.Options.CheckpointRoot + ".";
        var adapted = written.Select(a => a.Path).ToHashSet(StringComparer.Ordinal);
        var targets = set.Adapters.Select(a => a.Path).ToHashSet(StringComparer.Ordinal);
        foreach (string name in set.CarriedNames)
        {
            int dot = name.LastIndexOf('.');
            string module = dot < 0 ? "" : name[..dot];
            if (set.Loaded?.Keys.TryGetValue(name, out string? key) == true && (adapted.Contains(module) || !targets.Contains(module)))
            {
                inFile.Add((name, key));
            }
            else if (!name.StartsWith(root, StringComparison.Ordinal))
            {
                beside.Add(name);
            }
            else if (set.Options.Bias != BiasTraining.None && name.EndsWith("bias", StringComparison.Ordinal) && (set.Options.Bias == BiasTraining.All || targets.Contains(module)) && !IsWhole(module))
            {
                inFile.Add((name, PeftKeys.OfParameter(set.CheckpointName(name), adapted.Contains(module))));
            }
            else if (targets.Contains(module))
            {
                // Of a target that is not written, or a weight that came along with one.
                inFile.Add((name, PeftKeys.OfParameter(set.CheckpointName(name), adapted.Contains(module))));
            }
            else if (module.Length > root.Length && IsWhole(module))
            {
                inFile.Add((name, PeftKeys.Prefix + set.CheckpointName(name)));
                modules.Add(set.CheckpointName(module));
            }
            else
            {
                beside.Add(name);
            }
        }
        return new TrainedKeys(inFile, beside, [.. modules]);

        // PEFT saves and restores modules as a whole.
        bool IsWhole(string module) => set.Model.named_parameters().Where(p => p.name.StartsWith(module + ".", StringComparison.Ordinal) && !AdapterSet.IsOwn(set.Model, p.name)).All(p => trained.Contains(p.name));
    }
}
