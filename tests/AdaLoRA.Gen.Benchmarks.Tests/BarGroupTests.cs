using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Tests;

public class BarGroupTests
{
    private static readonly RunOptions Quick = new(Quick: true, Rounds: null, Device: "cpu", Filter: "");

    [Fact]
    public void Names_are_distinct_and_bars_start_with_their_group()
    {
        Assert.Distinct(BarGroups.All.Select(g => g.Name));
        Assert.Distinct(BarGroups.All.SelectMany(g => g.Bars));
        Assert.All(BarGroups.All, g => Assert.All(g.Bars, b => Assert.StartsWith(g.Name + " ", b, StringComparison.Ordinal)));
    }

    [Fact]
    public void A_worker_is_found_by_its_name()
    {
        // Groups may share a worker; two workers must not share a name.
        Assert.All(BarGroups.Workers.GroupBy(w => w.Name), g => Assert.Single(g.Distinct()));
    }

    [Fact]
    public void The_timed_groups_of_quick_fit_into_four_and_a_half_minutes()
    {
        Assert.InRange(BarGroups.All.Where(g => Quick.Wants(g) && g.IsTimed).Sum(g => g.QuickSeconds), 1, 270);
    }

    [Theory]
    [InlineData("peft-lora", 6)]
    [InlineData("h768x128-1t", 1)]
    [InlineData("LEAK", 1)]
    [InlineData("live tensors", 1)] // of the leak group
    [InlineData("nothing", 0)]
    public void A_filter_finds_groups_by_their_name_and_by_their_bars(string filter, int groups)
    {
        Assert.Equal(groups, BarGroups.All.Count((Quick with { Filter = filter }).Wants));
    }

    [Fact]
    public void The_study_runs_without_quick_only()
    {
        Assert.DoesNotContain(BarGroups.All.Where(Quick.Wants), g => g.Name.StartsWith("scaling-", StringComparison.Ordinal));
        Assert.Contains(BarGroups.All.Where((Quick with { Quick = false }).Wants), g => g.Name.StartsWith("scaling-", StringComparison.Ordinal));
    }

    [Fact]
    public void A_device_runs_the_groups_that_can()
    {
        Assert.All(BarGroups.All.Where((Quick with { Device = "cuda" }).Wants), g => Assert.True(g.RunsOnDevice));
    }

    [Fact]
    public void What_time_is_left_is_shared()
    {
        Assert.Equal(new Effort(2, 20, 9), Quick.Effort(2, 20, 100, 9));
        Assert.Equal(new Effort(2, 10, 15), (Quick with { Pace = 0.5 }).Effort(2, 20, 100, 30));
        Assert.Equal(new Effort(2, 2, 6), (Quick with { Pace = 0.1 }).Effort(2, 20, 100, 30));
        Assert.Equal(new Effort(4, 100, 27, 3), (Quick with { Quick = false, Rounds = 3, Pace = 0.5 }).Effort(2, 20, 100, 9));
    }
}
