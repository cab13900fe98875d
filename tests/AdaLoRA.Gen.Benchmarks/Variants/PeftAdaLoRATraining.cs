using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>A training step with AdaLoRA as PEFT writes it (<c>adalora/model.py</c>): the regulariser as autograd operations, AdamW parameter by parameter, then the allocator.</summary>
internal sealed class PeftAdaLoRATraining : IDisposable
{
    private readonly IReadOnlyList<PeftAdaLoRAFactors> _factors;
    private readonly Tensor[] _orthogonal;
    private readonly PeftRankAllocator _allocator;
    private readonly AdamW _optimizer;
    private readonly double _weight;

    /// <param name="factors">Of all adapted layers.</param>
    /// <param name="recipe">Rates and schedule.</param>
    /// <param name="trained">Parameters that are trained in full beside them.</param>
    public PeftAdaLoRATraining(IReadOnlyList<PeftAdaLoRAFactors> factors, Recipe recipe, IEnumerable<Parameter>? trained = null)
    {
        _factors = factors;
        Parameter[] parameters = [.. factors.SelectMany(l => new[] { l.A, l.B, l.E }), .. trained ?? []];
        foreach (var parameter in parameters) parameter.requires_grad = true;
        _orthogonal = [.. factors.SelectMany(l => new Tensor[] { l.A, l.B })];
        _allocator = new PeftRankAllocator(factors, recipe);
        _optimizer = optim.AdamW(parameters, recipe.LearningRate, weight_decay: recipe.WeightDecay);
        _weight = recipe.OrthogonalWeight;
    }

    /// <summary>Whether each triplet of a target lives.</summary>
    public IReadOnlyList<bool> Kept(int target) => _allocator.Kept(target);

    /// <summary>The loss with γ times the mean of ‖AAᵀ − I‖ and ‖BᵀB − I‖.</summary>
    public Tensor AddRegulariser(Tensor loss)
    {
        Tensor? sum = null;
        for (int i = 0; i < _orthogonal.Length; i++)
        {
            var p = _orthogonal[i];
            bool isA = i % 2 == 0;
            var covariance = isA ? p.matmul(p.T) : p.T.matmul(p);
            var identity = eye(covariance.shape[0], covariance.shape[1], dtype: covariance.dtype, device: covariance.device);
            var distance = norm(covariance - identity);
            // Python's 0 + t makes a new tensor, and += after it works in place.
            sum = sum is null ? distance + 0.0 : sum.add_(distance);
        }
        return loss.add_(_weight * (sum! / _orthogonal.Length));
    }

    /// <param name="step">Number of the step, from 1.</param>
    public void Step(int step)
    {
        _optimizer.step();
        _allocator.UpdateAndAllocate(step);
        _optimizer.zero_grad();
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _allocator.Dispose();
        foreach (var factors in _factors) factors.Dispose();
    }
}
