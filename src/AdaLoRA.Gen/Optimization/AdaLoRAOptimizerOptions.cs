using System.Globalization;

namespace AdaLoRA.Gen;

/// <summary>The optimizer's values; the budget's values are in <see cref="AdaLoRAOptions"/>.</summary>
public sealed class AdaLoRAOptimizerOptions
{
    /// <summary>The update rule.</summary>
    /// <value>Default <see cref="OptimizerKind.AdamW"/>.</value>
    public OptimizerKind Kind { get; set; }

    /// <summary>Learning rate of the adapters.</summary>
    /// <value>At least 0. Default 1e-3.</value>
    public double LearningRate { get; set; } = 1e-3;

    /// <summary>Learning rate of the fully trained modules.</summary>
    /// <value>At least 0. Null (default): <see cref="LearningRate"/>.</value>
    public double? TrainableLearningRate { get; set; }

    /// <summary>Decay of AdamW's first moment.</summary>
    /// <value>0 up to, not including, 1. Default 0.9.</value>
    public double Beta1 { get; set; } = 0.9;

    /// <summary>Decay of AdamW's second moment.</summary>
    /// <value>0 up to, not including, 1. Default 0.999.</value>
    public double Beta2 { get; set; } = 0.999;

    /// <summary>Added to the root of AdamW's second moment.</summary>
    /// <value>Positive. Default 1e-8.</value>
    public double Epsilon { get; set; } = 1e-8;

    /// <summary>Weight decay: decoupled for AdamW, added to the gradient for SGD. It works against the factors' unit norm and shrinks Λ.</summary>
    /// <value>At least 0. Default 0.</value>
    public double WeightDecay { get; set; }

    /// <summary>Whether <see cref="WeightDecay"/> also shrinks Λ, as in both published codes.</summary>
    /// <value>Default true.</value>
    public bool DecayLambda { get; set; } = true;

    /// <summary>Weight decay of the fully trained modules.</summary>
    /// <value>At least 0. Null (default): <see cref="WeightDecay"/>.</value>
    public double? TrainableWeightDecay { get; set; }

    /// <summary>Learning rate of B ÷ <see cref="LearningRate"/> (LoRA+, arXiv 2402.12354, which recommends 16 for plain LoRA).</summary>
    /// <value>Positive. Default 1.</value>
    public double LoraPlusRatio { get; set; } = 1;

    /// <summary>
    /// Largest ‖g‖₂ over adapters and trained modules together; larger ones are scaled down. Clipping must happen here: outside, one would see the gradient of the folded factor.
    /// </summary>
    /// <value>At least 0. Default 0: no clipping.</value>
    public double MaxGradNorm { get; set; }

    /// <summary>Leaves removed triplets out of regulariser and norm in the final phase, as a compacted run does; the ATen tail only.</summary>
    internal bool SurvivorsOnly { get; set; }

    /// <summary>Every rule that these values break; empty when none is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var broken = new List<string>();
        void Rule(bool holds, FormattableString sentence)
        {
            if (!holds) broken.Add(sentence.ToString(CultureInfo.InvariantCulture));
        }
        Rule(Enum.IsDefined(Kind), $"Kind is {Kind}; it must be AdamW or Sgd.");
        Rule(double.IsFinite(LearningRate) && LearningRate >= 0, $"LearningRate is {LearningRate}; it must be at least 0.");
        Rule(TrainableLearningRate is null || (double.IsFinite(TrainableLearningRate.Value) && TrainableLearningRate >= 0), $"TrainableLearningRate is {TrainableLearningRate}; it must be at least 0.");
        Rule(Beta1 is >= 0 and < 1, $"Beta1 is {Beta1}; it must be at least 0 and below 1.");
        Rule(Beta2 is >= 0 and < 1, $"Beta2 is {Beta2}; it must be at least 0 and below 1.");
        Rule(double.IsFinite(Epsilon) && Epsilon > 0, $"Epsilon is {Epsilon}; it must be positive.");
        Rule(double.IsFinite(WeightDecay) && WeightDecay >= 0, $"WeightDecay is {WeightDecay}; it must be at least 0.");
        Rule(TrainableWeightDecay is null || (double.IsFinite(TrainableWeightDecay.Value) && TrainableWeightDecay >= 0), $"TrainableWeightDecay is {TrainableWeightDecay}; it must be at least 0.");
        Rule(double.IsFinite(LoraPlusRatio) && LoraPlusRatio > 0, $"LoraPlusRatio is {LoraPlusRatio}; it must be positive.");
        Rule(double.IsFinite(MaxGradNorm) && MaxGradNorm >= 0, $"MaxGradNorm is {MaxGradNorm}; it must be at least 0.");
        return broken;
    }
}
