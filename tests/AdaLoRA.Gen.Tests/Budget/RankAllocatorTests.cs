using AdaLoRA.Gen.Budget;

namespace AdaLoRA.Gen.Tests.Budget;

public sealed class RankAllocatorTests
{
    private static RankAllocator Of(int triplets) => new(new int[triplets]);

    [Fact]
    public void Keeps_the_best()
    {
        var kept = new bool[5];
        Of(5).Select([0.1f, 5, 3, 0.2f, 4], 3, kept);
        Assert.Equal([false, true, true, false, true], kept);
    }

    /// <summary>PEFT masks every tie, so that modules without a gradient are emptied at the first mask.</summary>
    [Fact]
    public void Ties_are_broken_by_position_and_exactly_so_many_live()
    {
        var kept = new bool[6];
        Of(6).Select([1, 0, 0, 0, 0, 2], 4, kept);
        Assert.Equal([true, true, true, false, false, true], kept);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-1, 0)]
    [InlineData(3, 3)]
    [InlineData(9, 3)]
    public void Any_number_is_legal(int keep, int expected)
    {
        var kept = new bool[] { true, true, true };
        Of(3).Select([1, 2, 3], keep, kept);
        Assert.Equal(expected, kept.Count(k => k));
    }

    [Fact]
    public void A_score_that_is_no_number_ranks_last()
    {
        var kept = new bool[3];
        Of(3).Select([float.NaN, 1, 0], 2, kept);
        Assert.Equal([false, true, true], kept);
    }

    [Fact]
    public void Always_keeps_exactly_the_budget_and_never_a_worse_one()
    {
        var random = new Random(7);
        for (int round = 0; round < 200; round++)
        {
            // Few distinct values: many ties.
            var scores = Enumerable.Range(0, random.Next(1, 60)).Select(_ => (float)random.Next(5)).ToArray();
            int keep = random.Next(scores.Length + 1);
            var kept = new bool[scores.Length];
            Of(scores.Length).Select(scores, keep, kept);
            Assert.Equal(keep, kept.Count(k => k));
            float worst = scores.Where((_, i) => kept[i]).DefaultIfEmpty(float.MaxValue).Min();
            Assert.DoesNotContain(scores.Where((_, i) => !kept[i]), s => s > worst);
        }
    }
}
