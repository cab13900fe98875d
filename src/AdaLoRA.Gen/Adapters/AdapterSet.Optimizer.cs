using AdaLoRA.Gen.Optimization;

namespace AdaLoRA.Gen;

public sealed partial class AdapterSet
{
    /// <inheritdoc cref="AdaLoRAModelExtensions.CreateAdaLoRAOptimizer{TModel}"/>
    public AdaLoRAOptimizer CreateOptimizer(int totalSteps, double learningRate = 1e-3, Action<AdaLoRAOptimizerOptions>? configure = null)
    {
        var options = new AdaLoRAOptimizerOptions { LearningRate = learningRate };
        configure?.Invoke(options);
        return new AdaLoRAOptimizer(this, totalSteps, options);
    }

    /// <summary>The optimizer that was created last: the one that may step.</summary>
    internal AdaLoRAOptimizer? Optimizer { get; set; }

    /// <summary>The optimizer on the ATen tail whatever the device: what float64 and other devices get, for comparison.</summary>
    internal AdaLoRAOptimizer CreateAtenOptimizer(int totalSteps, AdaLoRAOptimizerOptions options, bool late = false) =>
        new(this, totalSteps, options, late ? TailChoice.AtenLate : TailChoice.Aten);
}
