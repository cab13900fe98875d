using AdaLoRA.Gen.Budget;
using CsCheck;
using TorchSharp;
using static TorchSharp.torch;
// 'Gen' alone is our own namespace here.
using Any = CsCheck.Gen;

namespace AdaLoRA.Gen.Tests.Properties;

/// <summary>What must hold of every ranking and every schedule, whatever the numbers.</summary>
public sealed class AllocationProperties
{
    /// <summary>A ranking problem: triplets of a few targets with many ties, some scores that are no numbers, costs and limits now and then.</summary>
    private sealed record Problem(int[] Target, float[] Scores, long[]? Cost, RankLimit[]? Limits, long Budget)
    {
        public RankAllocator Allocator => new(Target, Cost, Limits);

        public bool[] Select()
        {
            var kept = new bool[Scores.Length];
            Allocator.Select(Scores, Budget, kept);
            return kept;
        }

        public override string ToString() => $"target [{string.Join(",", Target)}] scores [{string.Join(",", Scores)}] cost [{string.Join(",", Cost ?? [])}] limits [{string.Join(",", Limits ?? [])}] budget {Budget}";
    }

    private static readonly Gen<float> Score = Any.Frequency((8, Any.Int[0, 4].Select(i => (float)i)), (4, Any.Float[0, 1]), (1, Any.Int[0, 3].Select(i => new[] { float.NaN, float.PositiveInfinity, 0f, -0f }[i])));

    private static readonly Gen<Problem> Problems =
        from ranks in Any.Int[0, 5].Array[1, 7]
        from scores in Score.Array[ranks.Sum()]
        from cost in Any.Bool.SelectMany(has => has ? Any.Long[1, 9].Array[ranks.Length].Select(c => (long[]?)c) : Any.Const((long[]?)null))
        from limits in Any.Bool.SelectMany(has => has ? Limits(ranks.Length).Select(l => (RankLimit[]?)l) : Any.Const((RankLimit[]?)null))
        from budget in Any.Long[-1, 60]
        select new Problem([.. ranks.SelectMany((r, t) => Enumerable.Repeat(t, r))], scores, cost, limits, budget);

    private static Gen<RankLimit[]> Limits(int targets) => Any.Select(Any.Int[0, 2], Any.Int[0, 4], (low, more) => new RankLimit(low, low + more)).Array[targets];

    [Fact]
    public void A_budget_is_never_exceeded_and_one_in_triplets_is_kept_exactly() => Problems.Sample(p =>
    {
        bool[] kept = p.Select();
        long spent = Enumerable.Range(0, kept.Length).Where(i => kept[i]).Sum(i => p.Cost?[p.Target[i]] ?? 1);
        if (spent > Math.Max(0, p.Budget)) return false;
        if (p.Cost is not null) return true;
        // Without costs everything that may live does, up to the budget.
        long most = p.Limits is null ? kept.Length : p.Target.GroupBy(t => t).Sum(g => Math.Min(g.Count(), p.Limits[g.Key].Maximum));
        return spent == Math.Clamp(p.Budget, 0, most);
    });

    [Fact]
    public void Limits_hold_where_the_budget_pays_for_the_minima() => Problems.Where(p => p.Limits is not null).Sample(p =>
    {
        bool[] kept = p.Select();
        long minima = p.Target.GroupBy(t => t).Sum(g => Math.Min(g.Count(), p.Limits![g.Key].Minimum) * (p.Cost?[g.Key] ?? 1));
        return p.Target.Select((t, i) => (t, kept: kept[i])).GroupBy(x => x.t).All(g =>
        {
            int rank = g.Count(x => x.kept);
            return rank <= p.Limits![g.Key].Maximum && (minima > p.Budget || rank >= Math.Min(g.Count(), p.Limits[g.Key].Minimum));
        });
    });

    /// <summary>Without limits and costs none that was dropped is better than one that was kept.</summary>
    [Fact]
    public void The_best_live() => Problems.Where(p => p.Limits is null && p.Cost is null).Sample(p =>
    {
        bool[] kept = p.Select();
        float Value(int i) => float.IsNaN(p.Scores[i]) ? float.NegativeInfinity : p.Scores[i];
        var worst = Enumerable.Range(0, kept.Length).Where(i => kept[i]).Select(Value).DefaultIfEmpty(float.PositiveInfinity).Min();
        return Enumerable.Range(0, kept.Length).Where(i => !kept[i]).All(i => Value(i) <= worst);
    });

    [Fact]
    public void Host_and_device_choose_the_same() => Problems.Sample(p =>
    {
        using var scope = NewDisposeScope();
        using var device = p.Allocator.On(CPU);
        var mask = device.Select(tensor(p.Scores), tensor((double)p.Budget));
        return p.Select().SequenceEqual(mask.data<float>().ToArray().Select(m => m != 0));
    });

    /// <summary>A mask applied to its own result keeps it: what lives outranks what was removed (whose score is 0 then).</summary>
    [Fact]
    public void Ranking_the_survivors_again_removes_none() => Problems.Where(p => p.Scores.All(s => s > 0)).Sample(p =>
    {
        bool[] kept = p.Select();
        var again = p with { Scores = [.. p.Scores.Select((s, i) => kept[i] ? s : 0)] };
        return again.Select().Zip(kept, (now, before) => now || !before).All(x => x);
    });

    /// <summary>Targets in any order give the same survivors, where no tie decides.</summary>
    [Fact]
    public void Any_order_of_the_targets_gives_the_same_selection() => Any.Select(Problems, Any.Int).Sample((p, seed) =>
    {
        // Distinct scores: ties are broken by order, on purpose.
        var random = new Random(seed);
        float[] scores = [.. Enumerable.Range(1, p.Scores.Length).Select(i => i + (float)random.NextDouble() / 2).OrderBy(_ => random.Next())];
        if (p.Cost is not null && scores.Select((s, i) => s / p.Cost[p.Target[i]]).Distinct().Count() < scores.Length) return true;
        var straight = (p with { Scores = scores }).Select();
        int[] order = [.. Enumerable.Range(0, scores.Length).OrderBy(_ => random.Next())];
        var shuffled = (p with { Target = [.. order.Select(i => p.Target[i])], Scores = [.. order.Select(i => scores[i])] }).Select();
        return order.Select((from, to) => shuffled[to] == straight[from]).All(x => x);
    });

    [Fact]
    public void A_larger_budget_keeps_all_that_a_smaller_one_keeps() => Any.Select(Problems, Any.Long[0, 10]).Sample((p, more) =>
        (p with { Budget = p.Budget + more }).Select().Zip(p.Select(), (large, small) => large || !small).All(x => x));

    [Fact]
    public void A_schedule_never_rises_and_ends_where_it_should() => Any.Select(Any.Int[1, 400], Any.Long[1, 2000], Any.Long[0, 2000], Any.Double[0, 0.6], Any.Double[0, 0.6], Any.Int[1, 40]).Sample((total, first, last, initial, final, interval) =>
    {
        BudgetSchedule schedule;
        try
        {
            schedule = new BudgetSchedule(total, first, last, initial, final, interval);
        }
        catch (AdaLoRAException)
        {
            return true;
        }
        var budgets = Enumerable.Range(1, total).Select(schedule.BudgetAt).ToList();
        return budgets.Zip(budgets.Skip(1), (a, b) => a >= b).All(x => x)
            && budgets.All(b => b <= first && b >= Math.Min(first, last))
            && budgets[^1] == Math.Min(first, last)
            && schedule.IsAllocationStep(schedule.DecisiveStep)
            && Enumerable.Range(1, total).All(t => !schedule.IsAllocationStep(t) || (t > schedule.InitialWarmupSteps && t <= schedule.DecisiveStep) || t == schedule.DecisiveStep);
    });
}
