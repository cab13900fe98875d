using AdaLoRA.Gen.Budget;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>PEFT's <c>RankAllocator</c>, op for op: fresh tensors at every update, one <c>item()</c> and one <c>tolist()</c> a matrix at every allocation.</summary>
internal sealed class PeftRankAllocator : IDisposable
{
    private readonly Recipe _recipe;
    private readonly IReadOnlyList<PeftAdaLoRAFactors> _layers;
    private readonly (string Name, Parameter Parameter)[] _parameters;
    private readonly Dictionary<string, Tensor> _importance = [], _smoothed = [], _uncertainty = [];
    private readonly BudgetSchedule _schedule;
    private readonly List<bool>[] _pattern;

    public PeftRankAllocator(IReadOnlyList<PeftAdaLoRAFactors> layers, Recipe recipe)
    {
        (_layers, _recipe) = (layers, recipe);
        _parameters = [.. layers.SelectMany((l, i) => new[] { (Key(i, 'A'), l.A), (Key(i, 'B'), l.B), (Key(i, 'E'), l.E) })];
        _schedule = new BudgetSchedule(recipe.TotalSteps, recipe.Rank * layers.Count, recipe.FinalRank * layers.Count, recipe.InitialWarmup, recipe.FinalWarmup, recipe.Interval);
        _pattern = [.. layers.Select(_ => Enumerable.Repeat(true, recipe.Rank).ToList())];
    }

    public IReadOnlyList<bool> Kept(int target) => _pattern[target];

    public void UpdateAndAllocate(int step)
    {
        using var _ = no_grad();
        if (step < _schedule.DecisiveStep)
        {
            UpdateImportance();
            if (_schedule.IsAllocationStep(step)) MaskToBudget((int)_schedule.BudgetAt(step));
        }
        else if (step == _schedule.DecisiveStep)
        {
            MaskToBudget((int)_schedule.BudgetAt(step));
        }
        else
        {
            MaskByPattern();
        }
    }

    public void Dispose()
    {
        foreach (var tensor in _importance.Values.Concat(_smoothed.Values).Concat(_uncertainty.Values)) tensor.Dispose();
    }

    private void UpdateImportance()
    {
        double beta = _recipe.ImportanceBeta;
        foreach (var (name, p) in _parameters)
        {
            using var scope = NewDisposeScope();
            if (!_importance.ContainsKey(name))
            {
                Set(_importance, name, zeros_like(p));
                Set(_smoothed, name, zeros_like(p));
                Set(_uncertainty, name, zeros_like(p));
            }
            Set(_importance, name, (p * p.grad!).abs().detach());
            Set(_smoothed, name, beta * _smoothed[name] + (1 - beta) * _importance[name]);
            Set(_uncertainty, name, beta * _uncertainty[name] + (1 - beta) * (_importance[name] - _smoothed[name]).abs());
        }
    }

    private void MaskToBudget(int budget)
    {
        int removed = _recipe.Rank * _layers.Count - budget;
        if (removed <= 0) return;
        using var scope = NewDisposeScope();
        var scores = new Tensor[_layers.Count];
        for (int i = 0; i < scores.Length; i++)
        {
            var vectors = cat([Score(i, 'A').mean([1], keepdim: true), Score(i, 'B').mean([0]).view(-1, 1)], 1).sum(1);
            scores[i] = (Score(i, 'E').view(-1) + vectors.view(-1)).view(-1, 1);
        }
        double threshold = kthvalue(cat([.. scores.Select(s => s.view(-1))]), removed, null).values.item<float>();
        for (int i = 0; i < scores.Length; i++)
        {
            var dead = scores[i] <= threshold;
            _layers[i].E.masked_fill_(dead, (Scalar)0.0);
            _pattern[i] = [.. dead.logical_not().view(-1).cpu().data<bool>()];
        }
    }

    private void MaskByPattern()
    {
        for (int i = 0; i < _layers.Count; i++)
        {
            using var scope = NewDisposeScope();
            var mask = tensor([.. _pattern[i].Select(kept => kept ? 1f : 0f)], device: _layers[i].E.device).unsqueeze(-1);
            _layers[i].E.masked_fill_(mask.to(ScalarType.Bool).logical_not(), (Scalar)0.0);
        }
    }

    private Tensor Score(int layer, char factor) => _smoothed[Key(layer, factor)] * _uncertainty[Key(layer, factor)];

    private static string Key(int layer, char factor) => $"{layer}.lora_{factor}";

    private static void Set(Dictionary<string, Tensor> state, string name, Tensor value)
    {
        if (state.TryGetValue(name, out var old)) old.Dispose();
        state[name] = value.DetachFromDisposeScope();
    }
}
