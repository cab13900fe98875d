using AdaLoRA.Gen.Benchmarks.Stack;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>AdaLoRA as PEFT writes it (<c>adalora/model.py</c>): the regulariser as autograd operations, AdamW parameter by parameter, then the allocator.</summary>
internal sealed class PeftAdaLoRAVariant : Variant
{
    private readonly List<PeftAdaLoRALinear> _layers = [];
    private readonly Tensor[] _orthogonal;
    private readonly PeftRankAllocator _allocator;
    private readonly AdamW _optimizer;
    private readonly double _weight;

    public PeftAdaLoRAVariant(FrozenWeights weights, Recipe recipe) : base(PeftAdaLoRA, weights)
    {
        Model = new Encoder(weights, (_, linear) =>
        {
            _layers.Add(new PeftAdaLoRALinear(linear, recipe));
            return _layers[^1];
        });
        Parameter[] factors = [.. _layers.SelectMany(l => new[] { l.A, l.B, l.E })];
        foreach (var factor in factors) factor.requires_grad = true;
        _orthogonal = [.. _layers.SelectMany(l => new Tensor[] { l.A, l.B })];
        _allocator = new PeftRankAllocator(_layers, recipe);
        _optimizer = optim.AdamW(factors, recipe.LearningRate, weight_decay: recipe.WeightDecay);
        _weight = recipe.OrthogonalWeight;
    }

    public IReadOnlyList<PeftAdaLoRALinear> Layers => _layers;

    protected override Encoder Model { get; }

    /// <summary>Whether each triplet of a target lives.</summary>
    public IReadOnlyList<bool> Kept(int target) => _allocator.Kept(target);

    protected override Tensor AddToLoss(Tensor loss)
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

    protected override void Update(int step)
    {
        _optimizer.step();
        _allocator.UpdateAndAllocate(step);
        _optimizer.zero_grad();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _optimizer.Dispose();
            _allocator.Dispose();
        }
        base.Dispose(disposing);
    }
}
