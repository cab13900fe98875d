using AdaLoRA.Gen.Adapters;
using TorchSharp;

namespace AdaLoRA.Gen;

/// <summary>What an annotated model can do: the generated contract is data, the logic is here.</summary>
public static class AdaLoRAModelExtensions
{
    /// <summary>Puts the adapters on the model and freezes the rest, but for what the attribute names as Trainable. The model computes what it did before, bit for bit.</summary>
    /// <param name="model">The annotated model.</param>
    /// <param name="configure">Overrides the attribute's values. With other <see cref="AdaLoRAOptions.Targets"/> the layers are found by pattern instead of by the compiled wiring.</param>
    /// <exception cref="AdaLoRAException">A value is out of range, a pattern matches nothing, or the model already has adapters.</exception>
    public static AdapterSet AttachAdaLoRA<TModel>(this TModel model, Action<AdaLoRAOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(model);
        var options = TModel.Plan.CreateOptions();
        configure?.Invoke(options);
        return model.AttachAdaLoRA(options);
    }

    /// <summary>As <see cref="AttachAdaLoRA{TModel}(TModel, Action{AdaLoRAOptions})"/>, with the values as they stand in <paramref name="options"/>.</summary>
    /// <param name="model">The annotated model.</param>
    /// <param name="options">Copied.</param>
    /// <exception cref="AdaLoRAException">A value is out of range, a pattern matches nothing, or the model already has adapters.</exception>
    public static AdapterSet AttachAdaLoRA<TModel>(this TModel model, AdaLoRAOptions options)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        var plan = TModel.Plan;
        if (!options.Targets.SequenceEqual(plan.CreateOptions().Targets)) return AdapterSet.Attach(model, options);

        AdapterSet.Check(model, plan.ModelName, options, AdapterSet.DefaultName, trainable: true);
        var collector = new AdapterTargetCollector();
        TModel.CollectTargets(model, collector);
        var targets = TargetResolver.ByPattern(model, plan.ModelName, plan.ResidualPatterns.ToArray(), collector.Targets);
        if (targets.Count == 0) throw new AdaLoRAException($"{plan.ModelName}: the targets found at compile time are all null in this instance; build its layers before attaching.");
        return AdapterSet.Attach(model, plan.ModelName, options.Clone(), targets, AdapterSet.DefaultName);
    }

    /// <summary>
    /// Takes every set of adapters off again and restores names, parameters and gradients' settings of the base exactly. The values of Trainable modules stay as they were trained. Does nothing when there are no adapters.
    /// </summary>
    /// <param name="model">The model.</param>
    public static void DetachAdaLoRA<TModel>(this TModel model)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        foreach (var set in AdapterSet.All(model)) set.Detach();
    }

    /// <summary>
    /// The optimizer whose <c>step()</c> does everything: regulariser, clipping, update, importance, allocation, masking. There is no second call to forget.
    /// </summary>
    /// <param name="model">A model with adapters.</param>
    /// <param name="totalSteps">T: optimizer steps of the run; the budget schedule is laid out over them.</param>
    /// <param name="learningRate">Learning rate of adapters and fully trained modules.</param>
    /// <param name="configure">Everything else.</param>
    /// <exception cref="AdaLoRAException">The model has no adapters, the run has no budgeting phase, or a value is out of range.</exception>
    public static AdaLoRAOptimizer CreateAdaLoRAOptimizer<TModel>(this TModel model, int totalSteps, double learningRate = 1e-3, Action<AdaLoRAOptimizerOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.RequireAdapters().CreateOptimizer(totalSteps, learningRate, configure);
    }

    /// <summary>Saves the adapters as a folder that Hugging Face PEFT loads, the fully trained modules beside them; see <see cref="AdapterSet.Save"/>.</summary>
    /// <param name="model">A model with adapters.</param>
    /// <param name="folder">Made when it does not exist; other files in it stay.</param>
    public static void SaveAdapter<TModel>(this TModel model, string folder)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(model);
        model.RequireAdapters().Save(folder);
    }

    /// <summary>Attaches a saved adapter; see <see cref="AdapterSet.Load"/>. The attribute's CheckpointRoot says where the folder's keys start.</summary>
    /// <param name="model">A model; adapters that it has already are switched off.</param>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="trainable">Whether training goes on; false holds no gradients.</param>
    /// <param name="name">Tells the set from others on the same model.</param>
    public static AdapterSet LoadAdapter<TModel>(this TModel model, string folder, bool trainable = false, string name = AdapterSet.DefaultName)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(model);
        return AdapterSet.Load(model, folder, trainable, TModel.Plan.CreateOptions().CheckpointRoot, name);
    }

    internal static AdapterSet RequireAdapters<TModel>(this TModel model)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel> =>
        AdapterSet.Of(model) ?? throw new AdaLoRAException($"{TModel.Plan.ModelName} has no adapters; call AttachAdaLoRA() first.");
}
