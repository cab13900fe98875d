using TorchSharp;
using TorchSharp.Modules;

namespace AdaLoRA.Gen.Adapters;

/// <summary>Finds targets and trained parameters by pattern over <c>named_modules()</c>: what the generator leaves to the run, and models without an attribute.</summary>
internal static class TargetResolver
{
    /// <summary>The layers of a model that patterns match, in canonical order.</summary>
    /// <exception cref="AdaLoRAException">A pattern, or an alternative of one, matches no layer that can be adapted.</exception>
    public static List<AdapterTarget> ByPattern(torch.nn.Module model, string modelName, IEnumerable<string> patterns, IEnumerable<AdapterTarget>? known = null)
    {
        var targets = (known ?? []).ToList();
        var seen = new HashSet<torch.nn.Module>(targets.Select(t => t.Layer.Module), ReferenceEqualityComparer.Instance);
        var modules = BaseModules(model);
        var layers = modules.Select(m => (m.Path, Layer: AdaptedLayer.Of(m.Module))).Where(m => m.Layer is not null).ToList();
        string[] paths = [.. layers.Select(m => m.Path)];
        foreach (string text in patterns)
        {
            var pattern = PathPattern.Parse(text);
            foreach (string missing in pattern.AlternativesWithoutMatch(paths))
            {
                throw new AdaLoRAException(NoMatch(modelName, text, missing, modules, paths));
            }
            foreach (var (path, layer) in layers)
            {
                if (pattern.Matches(path) && seen.Add(layer!.Module)) targets.Add(new AdapterTarget(path, layer));
            }
        }
        targets.Sort((a, b) => CanonicalOrder.Compare(a.Path, b.Path));
        return targets;
    }

    /// <summary>Names of the parameters that patterns over module paths (or parameter names) select for full training.</summary>
    public static List<string> Trainable(torch.nn.Module model, string modelName, IEnumerable<string> patterns, IEnumerable<AdapterTarget> targets)
    {
        var parameters = model.named_parameters().Select(p => p.name).Where(n => !AdapterSet.IsOwn(model, n)).ToList();
        string[] modules = [.. BaseModules(model).Select(m => m.Path)];
        string[] candidates = [.. modules, .. parameters];
        var selected = new HashSet<string>(StringComparer.Ordinal);
        foreach (string text in patterns)
        {
            var pattern = PathPattern.Parse(text);
            foreach (string missing in pattern.AlternativesWithoutMatch(candidates))
            {
                throw new AdaLoRAException($"{modelName}: the Trainable pattern '{missing}' matches no module or parameter; {Nearest(missing, candidates)}");
            }
            var matched = modules.Where(pattern.Matches).ToList();
            selected.UnionWith(parameters.Where(p => pattern.Matches(p) || matched.Exists(m => p.StartsWith(m + ".", StringComparison.Ordinal))));
        }
        foreach (var target in targets)
        {
            if (selected.Contains(target.Path + ".weight"))
            {
                throw new AdaLoRAException($"{modelName}: '{target.Path}' is both a target and Trainable; leave it out of one of them.");
            }
        }
        return [.. parameters.Where(selected.Contains)];
    }

    /// <summary>Names of the bias parameters that an option selects, in the model's order.</summary>
    public static IReadOnlyList<string> Biases(torch.nn.Module model, BiasTraining bias, IEnumerable<AdapterTarget> targets)
    {
        if (bias == BiasTraining.None) return [];
        var adapted = targets.Select(t => t.Path + ".bias").ToHashSet(StringComparer.Ordinal);
        return [.. model.named_parameters().Select(p => p.name).Where(n => !AdapterSet.IsOwn(model, n) && (bias == BiasTraining.All ? n == "bias" || n.EndsWith(".bias", StringComparison.Ordinal) : adapted.Contains(n)))];
    }

    /// <summary>Buffers of modules that are trained as a whole (a batch norm's statistics): they belong to the trained module.</summary>
    public static IReadOnlyList<string> BuffersOf(torch.nn.Module model, IReadOnlyCollection<string> trained)
    {
        if (trained.Count == 0) return [];
        var parameters = model.named_parameters().Select(p => p.name).Where(n => !AdapterSet.IsOwn(model, n)).ToList();
        var persistent = model.state_dict().Keys.ToHashSet(StringComparer.Ordinal);
        return [.. model.named_buffers().Select(b => b.name).Where(name =>
        {
            if (AdapterSet.IsOwn(model, name) || !persistent.Contains(name)) return false;
            // A norm without parameters belongs to the nearest module around it that has some.
            for (int dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1))
            {
                string prefix = name[..(dot + 1)];
                var own = parameters.FindAll(p => p.StartsWith(prefix, StringComparison.Ordinal));
                if (own.Count > 0) return own.TrueForAll(trained.Contains);
            }
            return false;
        })];
    }

    private static List<(string Path, torch.nn.Module Module)> BaseModules(torch.nn.Module model) =>
        [.. model.named_modules().Where(m => !AdapterSet.IsOwn(model, m.name))];

    private static string NoMatch(string modelName, string pattern, string alternative, List<(string Path, torch.nn.Module Module)> modules, string[] paths)
    {
        string what = pattern == alternative ? $"'{pattern}'" : $"'{alternative}' (of '{pattern}')";
        var single = PathPattern.Parse(alternative);
        var others = modules.Where(m => single.Matches(m.Path)).ToList();
        if (others.Count > 0)
        {
            return $"{modelName}: the target pattern {what} matches no layer that can be adapted; '{others[0].Path}' is a {others[0].Module.GetType().Name}, and adapters go on {AdaptedLayer.Kinds}.";
        }
        return $"{modelName}: the target pattern {what} matches no layer; {Nearest(alternative, paths)}";
    }

    /// <summary>The candidate whose end is most like the pattern's: a pattern is compared with as many segments as it names, or a short path would always win.</summary>
    public static string Nearest(string text, string[] candidates)
    {
        if (candidates.Length == 0) return "the model has none. Does its constructor call RegisterComponents()?";
        string tail = text.TrimStart('*', '.').Replace("*", "", StringComparison.Ordinal);
        int segments = tail.Count(c => c == '.') + 1;
        string nearest = candidates.MinBy(c => EditDistance(tail, End(c, segments)))!;
        return End(nearest, segments) == text ? $"patterns match whole paths: write '*.{text}' for '{nearest}' and its like." : $"the nearest is '{nearest}'.";
    }

    private static string End(string path, int segments)
    {
        string[] all = path.Split('.');
        return all.Length <= segments ? path : string.Join('.', all[^segments..]);
    }

    /// <summary>Insertions, removals and replacements from one text to the other (Levenshtein).</summary>
    public static int EditDistance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (int j = 0; j < row.Length; j++) row[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[^1];
    }
}
