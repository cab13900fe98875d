using System.Globalization;
using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Generators.Reading;
using TorchSharp;

namespace AdaLoRA.Gen.Conformance.Graph;

/// <summary>What one path came to.</summary>
internal enum PathVerdict
{
    /// <summary>The compiler and TorchSharp agree.</summary>
    Same,

    /// <summary>TorchSharp has it; the compiler said that there might be more here than it sees.</summary>
    Hidden,

    /// <summary>TorchSharp does not have it; the compiler said that it may be null when modules are registered.</summary>
    Null,

    /// <summary>TorchSharp does not have it; the compiler said that it is never registered.</summary>
    Unregistered,

    /// <summary>TorchSharp has it, the compiler does not know it: a layer that would be left out without a word.</summary>
    Missed,

    /// <summary>The compiler claims it, TorchSharp does not have it.</summary>
    Invented,

    /// <summary>Both have it, as another class or with another size.</summary>
    Different,
}

/// <summary>A path of an adaptable layer and what it came to.</summary>
/// <param name="Path">Registered path; <c>*</c> for an item of a list that nobody has.</param>
/// <param name="Verdict">What it came to.</param>
/// <param name="Because">Where the compiler said so (a path), or what differs.</param>
internal sealed record GraphPath(string Path, PathVerdict Verdict, string Because = "")
{
    public bool IsDifference => Verdict is PathVerdict.Missed or PathVerdict.Invented or PathVerdict.Different;
}

/// <summary>
/// Holds the module tree of the reader against the modules of an instance. The whole tree, not only what is a target. An item of a list whose length the compiler does not know
/// stands for as many as the instance has, as in the loop of the generated collector; everything else has to be there by name.
/// </summary>
internal sealed class GraphPaths
{
    private readonly Dictionary<string, torch.nn.Module> _modules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _children = new(StringComparer.Ordinal);
    private readonly List<GraphPath> _paths = [];

    private GraphPaths(torch.nn.Module model)
    {
        foreach (var (name, module) in model.named_modules())
        {
            _modules[name] = module;
            string parent = name[..Math.Max(0, name.LastIndexOf('.'))];
            if (!_children.TryGetValue(parent, out var children)) _children.Add(parent, children = []);
            children.Add(name[(parent.Length == 0 ? 0 : parent.Length + 1)..]);
        }
    }

    public static IReadOnlyList<GraphPath> Compare(ModuleNode root, torch.nn.Module model)
    {
        var paths = new GraphPaths(model);
        paths.Children(root, "");
        return paths._paths;
    }

    private List<string> NamesBelow(string path) => _children.TryGetValue(path, out var names) ? names : [];

    private void Children(ModuleNode node, string path)
    {
        var left = NamesBelow(path).ToHashSet(StringComparer.Ordinal);
        if (node.Kind == NodeKind.List)
        {
            Items(node, path, left);
        }
        else
        {
            foreach (var child in node.Children)
            {
                string own = Join(path, child.Segment);
                if (left.Remove(child.Segment) && !child.IsUnregistered) Present(child, own);
                else Absent(child, own);
            }
        }
        foreach (string name in left) RunTimeOnly(Join(path, name), node.MayHoldMore || node.HidesPrivateMembers, path);
    }

    private void Items(ModuleNode list, string path, HashSet<string> left)
    {
        var item = list.Children.FirstOrDefault();
        int found = 0;
        while (left.Remove(found.ToString(CultureInfo.InvariantCulture)))
        {
            string own = Join(path, found++.ToString(CultureInfo.InvariantCulture));
            if (item is not null) Present(item, own);
            else RunTimeOnly(own, list.MayHoldMore, path);
        }
        if (item is null || list.Count is not { } count) return;
        for (; found < count; found++) Absent(item, Join(path, found.ToString(CultureInfo.InvariantCulture)));
    }

    private void Present(ModuleNode node, string path)
    {
        var layer = AdaptedLayer.Of(_modules[path]);
        switch (node.Kind)
        {
            case NodeKind.Adaptable when layer is null:
                _paths.Add(new GraphPath(path, node.IsOptional ? PathVerdict.Null : PathVerdict.Invented, $"it is a {_modules[path].GetType().Name}"));
                break;
            case NodeKind.Adaptable:
                _paths.Add(new GraphPath(path, Differs(node, layer!) is { } what ? PathVerdict.Different : PathVerdict.Same, Differs(node, layer!) ?? ""));
                break;
            case NodeKind.Opaque:
                RunTimeOnly(path, expected: true, path);
                break;
            default:
                if (layer is not null) RunTimeOnly(path, expected: false, path);
                Children(node, path);
                break;
        }
    }

    private static string? Differs(ModuleNode node, AdaptedLayer layer) =>
        node.Type!.Name != layer.Module.GetType().Name ? $"{node.Type.Name} at compile time, {layer.Module.GetType().Name} at run time"
        : (node.InFeatures >= 0 && node.InFeatures != layer.InFeatures) || (node.OutFeatures >= 0 && node.OutFeatures != layer.OutFeatures)
            ? $"{node.InFeatures} × {node.OutFeatures} at compile time, {layer.InFeatures} × {layer.OutFeatures} at run time"
        : null;

    /// <summary>A node that the instance does not have: every layer below it is told.</summary>
    private void Absent(ModuleNode node, string path)
    {
        var verdict = node.IsUnregistered ? PathVerdict.Unregistered : node.IsOptional ? PathVerdict.Null : PathVerdict.Invented;
        foreach (var layer in node.Descendants().Prepend(node).Where(n => n.Kind == NodeKind.Adaptable))
            _paths.Add(new GraphPath(Join(path, PatternAdvice.Shown(layer.Path[node.Path.Length..]).TrimStart('.')), verdict, path));
    }

    private void RunTimeOnly(string path, bool expected, string place)
    {
        foreach (var (name, module) in _modules.Where(m => m.Key == path || m.Key.StartsWith(path + ".", StringComparison.Ordinal)))
            if (AdaptedLayer.Of(module) is not null) _paths.Add(new GraphPath(name, expected ? PathVerdict.Hidden : PathVerdict.Missed, place));
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : name.Length == 0 ? path : path + "." + name;
}
