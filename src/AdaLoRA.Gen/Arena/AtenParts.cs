using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>The flat buffers by the parts that may have a rate or a decay of their own; views, made once per arena generation.</summary>
internal sealed class AtenParts : IDisposable
{
    private readonly List<Tensor> _views = [];
    private readonly AdamPart[] _whole;
    private readonly AdamPart[] _lambda;
    private readonly AdamPart[] _factors;
    private readonly AdamPart[] _a;
    private readonly AdamPart[] _b;

    public AtenParts(AdapterArena arena, TrainingState state, AtenBlock[] blocks)
    {
        using var scope = NewDisposeScope();
        int triplets = arena.Layout.Triplets;
        // A compaction may leave no block at all.
        long first = arena.Layout.Blocks is [var block, ..] ? block.Offset : arena.Layout.Total;
        _whole = [Of(t => t.alias())];
        _lambda = !arena.Layout.HasLambda ? [] : [Of(t => t.narrow(0, 0, triplets))];
        _factors = [Of(t => t.narrow(0, first, arena.Layout.Total - first))];
        _a = [.. blocks.Select(b => Of(t => b.Split(t).A)).Where(p => p.P.numel() > 0)];
        _b = [.. blocks.Select(b => Of(t => b.Split(t).B)).Where(p => p.P.numel() > 0)];

        AdamPart Of(Func<Tensor, Tensor> part) => new(Keep(part(arena.P)), Keep(part(arena.G!)), state.M is { } m ? Keep(part(m)) : null, state.V is { } v ? Keep(part(v)) : null);
    }

    /// <summary>E; null for plain LoRA.</summary>
    public Tensor? Lambda => _lambda.Length == 0 ? null : _lambda[0].P;

    /// <summary>As few updates as the rates and decays allow: one where they are all the same.</summary>
    public void Update(UpdateFactors factors, in StepPlan plan)
    {
        var rule = plan.Rule;
        var rate = plan.LearningRate;
        bool sameDecay = rule.LambdaDecay == rule.WeightDecay || _lambda.Length == 0;
        if (plan.RatioB == 1 && sameDecay)
        {
            factors.Update(_whole, rate, rule.WeightDecay);
            return;
        }
        if (_lambda.Length > 0) factors.Update(_lambda, rate, rule.LambdaDecay);
        if (plan.RatioB == 1)
        {
            factors.Update(_factors, rate, rule.WeightDecay);
            return;
        }
        factors.Update(_a, rate, rule.WeightDecay);
        factors.Update(_b, rate * plan.RatioB, rule.WeightDecay);
    }

    public void Dispose()
    {
        foreach (var view in _views) view.Dispose();
    }

    private Tensor Keep(Tensor view)
    {
        _views.Add(view.DetachFromDisposeScope());
        return view;
    }
}
