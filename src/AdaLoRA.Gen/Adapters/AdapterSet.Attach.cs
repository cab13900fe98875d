using AdaLoRA.Gen.Adapters;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

public sealed partial class AdapterSet
{
    /// <summary>Attaches adapters to any model, annotated or not, by pattern over <c>named_modules()</c>.</summary>
    /// <param name="model">The model; everything in it but <see cref="AdaLoRAOptions.Trainable"/> is frozen.</param>
    /// <param name="options">Copied.</param>
    /// <exception cref="AdaLoRAException">An option is out of range, a pattern matches nothing, or the model already has adapters.</exception>
    public static AdapterSet Attach(nn.Module model, AdaLoRAOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        string name = model.GetType().Name;
        Check(model, name, options);
        return Attach(model, name, options.Clone(), TargetResolver.ByPattern(model, name, options.Targets));
    }

    /// <summary>The layers that patterns match, ordered as <see cref="Adapters"/> would be; nothing is attached.</summary>
    /// <param name="model">Any model.</param>
    /// <param name="patterns">As <see cref="AdaLoRAAttribute.Targets"/>.</param>
    /// <exception cref="AdaLoRAException">A pattern, or an alternative of one, matches nothing.</exception>
    public static IReadOnlyList<string> FindTargets(nn.Module model, IEnumerable<string> patterns)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(patterns);
        return [.. TargetResolver.ByPattern(model, model.GetType().Name, patterns).Select(t => t.Path)];
    }

    internal static void Check(nn.Module model, string modelName, AdaLoRAOptions options)
    {
        if (Of(model) is not null) throw new AdaLoRAException($"{modelName} already has adapters; detach them first.");
        if (model.named_modules().FirstOrDefault(m => m.module is AdapterSet) is { module: not null } nested) throw new AdaLoRAException($"{modelName} already has adapters below '{nested.name}'; detach them first.");
        if (model.named_children().Any(c => c.name == ModuleName)) throw new AdaLoRAException($"{modelName} has a child module named '{ModuleName}', where the adapters go; rename it.");
        var broken = options.Validate();
        if (broken.Count > 0) throw AdaLoRAException.FromRules(modelName, broken);
    }

    internal static AdapterSet Attach(nn.Module model, string modelName, AdaLoRAOptions options, List<AdapterTarget> targets)
    {
        var sizing = AdapterSizing.Resolve(options, targets, modelName);
        var set = Create(model, modelName, options, sizing, targets, [.. targets.Select(_ => sizing.InitialRank)], trainable: true);
        set.Initialize();
        return set;
    }

    /// <summary>Builds a set of given ranks and wires it up; values are all zero, so the model computes what it did before.</summary>
    internal static AdapterSet Create(nn.Module model, string modelName, AdaLoRAOptions options, AdapterSizing sizing, List<AdapterTarget> targets, IReadOnlyList<int> ranks, bool trainable)
    {
        CheckRegistered(model, modelName, targets);
        CheckCheckpointRoot(model, modelName, options.CheckpointRoot, targets);
        var trainableNames = TargetResolver.Trainable(model, modelName, options.Trainable, targets);
        var set = new AdapterSet(model, modelName, options, sizing, targets, ranks, trainable) { TrainableNames = trainableNames };
        try
        {
            set.BuildTree();
            set.SetTraining(model.training);
            set.Hook();
            model.register_module(ModuleName, set);
            if (Of(model) != set) throw new AdaLoRAException($"{modelName} is a {model.GetType().Name}, which shows no modules but its own items; put it into a field of a module of yours and attach there.");
            if (trainable) set.Freeze(trainableNames);
            set._attached = true;
            return set;
        }
        catch
        {
            set.Restore();
            model.register_module(ModuleName, null!);
            set.Dispose();
            throw;
        }
    }

    /// <summary>Generated code reaches a layer by its field. One that TorchSharp does not know would train, but never be saved with the model, moved, or found again at load.</summary>
    private static void CheckRegistered(nn.Module model, string modelName, List<AdapterTarget> targets)
    {
        var registered = model.named_modules().Select(m => m.module).ToHashSet(ReferenceEqualityComparer.Instance);
        foreach (var (path, layer) in targets)
        {
            if (!registered.Contains(layer)) throw new AdaLoRAException($"{modelName}: '{path}' is not registered; call RegisterComponents() at the end of the constructor, after its layers are assigned.");
        }
    }

    private static void CheckCheckpointRoot(nn.Module model, string modelName, string root, List<AdapterTarget> targets)
    {
        if (root.Length == 0) return;
        if (model.named_modules().All(m => m.name != root)) throw new AdaLoRAException($"{modelName}: CheckpointRoot '{root}' is no module of the model.");
        foreach (var (path, _) in targets)
        {
            if (!path.StartsWith(root + ".", StringComparison.Ordinal))
            {
                throw new AdaLoRAException($"{modelName}: the target '{path}' lies outside CheckpointRoot '{root}', so a saved folder could not name it; move the root up or leave the target out.");
            }
        }
    }

    private void Initialize()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var adapter in _adapters)
        {
            var (a, b) = Options.Method == AdapterMethod.AdaLoRA ? FactorInitializer.AdaLoRA(adapter, Options.Seed) : FactorInitializer.LoRA(adapter, Options.Seed);
            adapter.lora_A.copy_(a);
            adapter.lora_B.copy_(b);
        }
        Arena.Refold();
    }

    private void BuildTree()
    {
        foreach (var adapter in _adapters)
        {
            nn.Module node = this;
            string[] segments = adapter.Path.Split('.');
            foreach (string segment in segments[..^1])
            {
                var child = node.named_children().FirstOrDefault(c => c.name == segment).module;
                if (child is null) node.register_module(segment, child = new AdapterNode());
                node = child;
            }
            node.register_module(segments[^1], adapter);
        }
    }

    private void Freeze(List<string> trainableNames)
    {
        var trainable = trainableNames.ToHashSet(StringComparer.Ordinal);
        foreach (var (name, parameter) in _model.named_parameters())
        {
            if (trainable.Contains(name))
            {
                if (parameter.requires_grad) continue;
                if (!parameter.is_floating_point()) throw new AdaLoRAException($"{_modelName}: the Trainable parameter '{name}' is {parameter.dtype}, which cannot be trained; leave it out.");
                parameter.requires_grad = true;
                _thawed.Add(name);
            }
            else if (parameter.requires_grad)
            {
                parameter.requires_grad = false;
                _frozen.Add(name);
            }
        }
    }

    private void Hook()
    {
        foreach (var adapter in _adapters)
        {
            if (adapter.InitialRank == 0) continue;
            var remover = adapter.Layer.register_forward_hook((_, x, y) => adapter.Apply(x, y));
            _removeHooks.Add(remover.remove);
        }
    }

    private void SetTraining(bool train) => base.train(train);
}
