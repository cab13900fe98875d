using TorchSharp.Modules;

namespace AdaLoRA.Gen.Optimization;

/// <summary>A learning rate that TorchSharp's schedulers can drive.</summary>
internal sealed class RateGroup : ParamGroup
{
    public RateGroup(IEnumerable<Parameter> parameters, double learningRate)
    {
        Parameters = parameters;
        Options = new RateOptions { LearningRate = learningRate, InitialLearningRate = learningRate };
    }

    private sealed class RateOptions : OptimizerOptions;
}
