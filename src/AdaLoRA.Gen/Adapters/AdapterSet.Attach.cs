using System.Globalization;
using System.Text.RegularExpressions;
using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Budget;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

public sealed partial class AdapterSet
{
    /// <summary>Attaches adapters to any model, annotated or not, by pattern over <c>named_modules()</c>, and switches them on.</summary>
    /// <param name="model">The model; everything in it but <see cref="AdaLoRAOptions.Trainable"/> is frozen.</param>
    /// <param name="options">Copied.</param>
    /// <param name="name">Tells the set from others on the same model.</param>
    /// <exception cref="AdaLoRAException">An option is out of range, a pattern matches nothing, or the model already has trainable adapters or some of that name.</exception>
    public static AdapterSet Attach(nn.Module model, AdaLoRAOptions options, string name = DefaultName)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        string modelName = model.GetType().Name;
        Check(model, modelName, options, name, trainable: true);
        return Attach(model, modelName, options.Clone(), TargetResolver.ByPattern(model, modelName, options.Targets), name);
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

    internal static void Check(nn.Module model, string modelName, AdaLoRAOptions options, string name, bool trainable)
    {
        if (!SetName().IsMatch(name)) throw new AdaLoRAException($"'{name}' cannot name adapters; use letters, digits, '_' and '-'.");
        var sets = All(model);
        if (sets.Any(s => s.Name == name)) throw new AdaLoRAException(name == DefaultName ? $"{modelName} already has adapters; detach them first." : $"{modelName} already has adapters named '{name}'; detach them first.");
        if (trainable && sets.FirstOrDefault(s => s.IsTrainable) is { } other) throw new AdaLoRAException($"{modelName} already trains the adapters '{other.Name}'; detach them first, or load these with trainable: false.");
        if (sets.FirstOrDefault(s => s.IsMerged) is { } merged) throw new AdaLoRAException($"The adapters '{merged.Name}' of {modelName} are merged into its weights; call Unmerge() on them first.");
        if (model.named_modules().FirstOrDefault(m => m.module is AdapterSet && m.name.Contains('.', StringComparison.Ordinal)) is { module: not null } nested) throw new AdaLoRAException($"{modelName} already has adapters below '{nested.name}'; detach them first.");
        string own = name == DefaultName ? ModuleName : $"{ModuleName}_{name}";
        if (model.named_children().Any(c => c.name == own)) throw new AdaLoRAException($"{modelName} has a child module named '{own}', where the adapters go; rename it.");
        var broken = options.Validate();
        if (broken.Count > 0) throw AdaLoRAException.FromRules(modelName, broken);
    }

    internal static AdapterSet Attach(nn.Module model, string modelName, AdaLoRAOptions options, List<AdapterTarget> targets, string name)
    {
        var sizing = AdapterSizing.Resolve(options, targets, modelName);
        var limits = Limit(options, targets, sizing, modelName);
        var shapes = targets.Select(t => new AdapterShape(sizing.InitialRank, t.Layer.InFeatures, t.Layer.OutFeatures, sizing.Scale)).ToList();
        var set = Create(model, modelName, name, options, sizing, targets, shapes, trainable: true);
        set.Limits = limits;
        set.Initialize();
        return set;
    }

    /// <summary>The options' rank limits by target, after it was checked that the budget pays for the minima.</summary>
    private static RankLimit[]? Limit(AdaLoRAOptions options, List<AdapterTarget> targets, AdapterSizing sizing, string modelName)
    {
        if (options.Method == AdapterMethod.LoRA || RankLimit.Resolve(options, targets, sizing.InitialRank, modelName) is not { } limits) return null;
        bool parameters = options.BudgetUnit == BudgetUnit.Parameters;
        long needed = 0;
        for (int i = 0; i < limits.Length; i++) needed += limits[i].Minimum * (parameters ? AdapterSizing.Cost(targets[i].Layer) : 1);
        if (needed > options.Budget)
        {
            throw new AdaLoRAException(string.Create(CultureInfo.InvariantCulture, $"{modelName}: the minima of RankLimits need {needed} {(parameters ? "parameters" : "triplets")}, the Budget is {options.Budget}; raise it or lower them."));
        }
        return limits;
    }

    /// <summary>Builds a set of given ranks, wires it up and switches it on; values are all zero, so the model computes what it did before.</summary>
    internal static AdapterSet Create(nn.Module model, string modelName, string name, AdaLoRAOptions options, AdapterSizing sizing, List<AdapterTarget> targets, IReadOnlyList<AdapterShape> shapes, bool trainable, IReadOnlyList<string>? carried = null)
    {
        CheckRegistered(model, modelName, targets);
        CheckCheckpointRoot(model, modelName, options.CheckpointRoot, targets);
        var trainableNames = TargetResolver.Trainable(model, modelName, options.Trainable, targets);
        var biases = TargetResolver.Biases(model, options.Bias, targets);
        var set = new AdapterSet(model, modelName, name, options, sizing, targets, shapes, trainable) 
        {
            TrainableNames = [.. trainableNames.Union(biases)],
            CarriedNames = [.. trainableNames.Union(biases).Union(carried ?? []).Union(TargetResolver.BuffersOf(model, trainableNames))],
        };
        var active = All(model).FirstOrDefault(s => s.IsActive);
        try
        {
            set.BuildTree();
            set.SetTraining(model.training);
            set.Hook();
            model.register_module(set.OwnModuleName, set);
            if (!All(model).Contains(set)) throw new AdaLoRAException($"{modelName} is a {model.GetType().Name}, which shows no modules but its own items; put it into a field of a module of yours and attach there.");
            if (trainable) set.Freeze();
            // Of the base: what is switched on now is switched off first.
            active?.Deactivate();
            if (set.CarriedNames.Count > 0) set._trained = new TrainedValues(model, set.CarriedNames);
            set._attached = true;
            set.IsActive = true;
            return set;
        }
        catch
        {
            set.Restore();
            model.register_module(set.OwnModuleName, null!);
            set.Dispose();
            active?.Activate();
            throw;
        }
    }

    /// <summary>Generated code reaches a layer by its field. One that TorchSharp does not know would train, but never be saved with the model, moved, or found again at load.</summary>
    private static void CheckRegistered(nn.Module model, string modelName, List<AdapterTarget> targets)
    {
        var registered = model.named_modules().Select(m => m.module).ToHashSet(ReferenceEqualityComparer.Instance);
        foreach (var (path, layer) in targets)
        {
            if (!registered.Contains(layer.Module)) throw new AdaLoRAException($"{modelName}: '{path}' is not registered; call RegisterComponents() at the end of the constructor, after its layers are assigned.");
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

    private void Freeze()
    {
        var trainable = TrainableNames.ToHashSet(StringComparer.Ordinal);
        foreach (var (name, parameter) in _model.named_parameters())
        {
            if (IsOwn(_model, name)) continue;
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
            adapter.LookForHooks();
            _removeHooks.Add(adapter, adapter.Layer.Hook(adapter.Apply));
        }
    }

    private void SetTraining(bool train) => base.train(train);

    [GeneratedRegex("^[A-Za-z0-9_-]+$", RegexOptions.CultureInvariant)]
    private static partial Regex SetName();
}
