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
        var seen = new HashSet<torch.nn.Module>(targets.Select(t => t.Layer), ReferenceEqualityComparer.Instance);
        var modules = BaseModules(model);
        var layers = modules.Where(m => m.Module is Linear).ToList();
        string[] paths = [.. layers.Select(m => m.Path)];
        foreach (string text in patterns)
        {
            var pattern = PathPattern.Parse(text);
            foreach (string missing in pattern.AlternativesWithoutMatch(paths))
            {
                throw new AdaLoRAException(NoMatch(modelName, text, missing, modules, paths));
            }
            foreach (var (path, module) in layers)
            {
                if (pattern.Matches(path) && seen.Add(module)) targets.Add(new AdapterTarget(path, (Linear)module));
            }
        }
        targets.Sort((a, b) => CanonicalOrder.Compare(a.Path, b.Path));
        return targets;
    }

    /// <summary>Names of the parameters that patterns over module paths (or parameter names) select for full training.</summary>
    public static List<string> Trainable(torch.nn.Module model, string modelName, IEnumerable<string> patterns, IEnumerable<AdapterTarget> targets)
    {
        var parameters = model.named_parameters().Select(p => p.name).Where(n => !n.StartsWith(AdapterSet.ModuleName + ".", StringComparison.Ordinal)).ToList();
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

    private static List<(string Path, torch.nn.Module Module)> BaseModules(torch.nn.Module model) =>
        [.. model.named_modules().Where(m => m.name != AdapterSet.ModuleName && !m.name.StartsWith(AdapterSet.ModuleName + ".", StringComparison.Ordinal))];

    private static string NoMatch(string modelName, string pattern, string alternative, List<(string Path, torch.nn.Module Module)> modules, string[] paths)
    {
        string what = pattern == alternative ? $"'{pattern}'" : $"'{alternative}' (of '{pattern}')";
        var single = PathPattern.Parse(alternative);
        var others = modules.Where(m => single.Matches(m.Path)).ToList();
        if (others.Count > 0)
        {
            return $"{modelName}: the target pattern {what} matches no layer that can be adapted; '{others[0].Path}' is a {others[0].Module.GetType().Name}, and adapters go on Linear layers.";
        }
        return $"{modelName}: the target pattern {what} matches no layer; {Nearest(alternative, paths)}";
    }

    private static string Nearest(string text, string[] candidates)
    {
        if (candidates.Length == 0) return "the model has none. Does its constructor call RegisterComponents()?";
        string nearest = candidates.MinBy(c => EditDistance(text.Replace("*", "", StringComparison.Ordinal), c))!;
        return $"the nearest is '{nearest}'.";
    }

    private static int EditDistance(string a, string b)
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
