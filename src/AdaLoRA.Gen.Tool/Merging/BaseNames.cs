using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Tool.Files;

namespace AdaLoRA.Gen.Tool.Merging;

/// <summary>
/// How the names of an adapter become names of a checkpoint. They differ by a prefix where a backbone was opened from a whole model's folder (<c>encoder.layer.0</c> and <c>bert.encoder.layer.0</c>) or
/// the other way round (GPT-2's folder on the Hub has <c>h.0</c> for <c>transformer.h.0</c>).
/// </summary>
/// <param name="Stripped">What the adapter's names have in front and the checkpoint's have not, with its dot; empty for none.</param>
/// <param name="Added">What the checkpoint's have in front and the adapter's have not, with its dot; empty for none.</param>
internal sealed record BaseNames(string Stripped, string Added)
{
    /// <summary>The checkpoint's name; null where the adapter's lies outside of what both share.</summary>
    public string? Of(string name) => name.StartsWith(Stripped, StringComparison.Ordinal) ? Added + name[Stripped.Length..] : null;

    /// <summary>Finds the one way in which every target is a weight of the checkpoint.</summary>
    /// <exception cref="AdaLoRAException">There is none, or more than one.</exception>
    public static BaseNames Find(AdapterFolder adapter, HuggingFaceCheckpoint checkpoint)
    {
        HashSet<string> names = [.. checkpoint.Names];
        string[] weights = [.. adapter.Targets.Select(t => t.Path + ".weight")];
        string first = weights[0];
        var ways = new List<BaseNames> { new("", "") };
        for (int dot = first.IndexOf('.'); dot >= 0 && dot < first.Length - ".weight".Length; dot = first.IndexOf('.', dot + 1)) ways.Add(new BaseNames(first[..(dot + 1)], ""));
        ways.AddRange(names.Where(n => n.EndsWith("." + first, StringComparison.Ordinal)).Select(n => new BaseNames("", n[..^first.Length])));
        var fitting = ways.Where(way => Array.TrueForAll(weights, w => way.Of(w) is { } name && names.Contains(name))).ToList();
        // The names as they are need no other explanation.
        if (fitting.Count > 0 && fitting[0] == ways[0]) return ways[0];
        if (fitting.Count == 1) return fitting[0];
        if (fitting.Count > 1) throw new AdaLoRAException($"'{adapter.Folder}' fits '{checkpoint.Path}' in two places: '{first}' may be '{fitting[0].Of(first)}' or '{fitting[1].Of(first)}'; merge it with the program that trained it.");
        var best = ways.MaxBy(way => weights.Count(w => way.Of(w) is { } name && names.Contains(name)))!;
        string missing = weights.First(w => best.Of(w) is not { } name || !names.Contains(name));
        string tied = missing.EndsWith("lm_head.weight", StringComparison.Ordinal) || missing.EndsWith("decoder.weight", StringComparison.Ordinal) ? " A head that is tied to the embedding has no weight of its own: untie it before training, or leave the adapter unmerged." : "";
        throw new AdaLoRAException($"'{adapter.Folder}' adapts '{missing[..^".weight".Length]}', but '{checkpoint.Path}' has no such weight ({weights.Length} targets, {weights.Count(w => best.Of(w) is { } name && names.Contains(name))} found); name the base model that the adapter was trained on.{tied}");
    }
}
