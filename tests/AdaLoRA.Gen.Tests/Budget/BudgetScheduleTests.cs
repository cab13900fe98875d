using AdaLoRA.Gen.Budget;

namespace AdaLoRA.Gen.Tests.Budget;

public sealed class BudgetScheduleTests
{
    /// <summary>The paper's MNLI run: b(0) = 216, b(T) = 144, t_i = 8000, t_f = 50000, T = 85904; eq. 14 as printed would start at 1711.</summary>
    [Fact]
    public void Is_the_form_of_the_published_codes()
    {
        var schedule = new BudgetSchedule(85_904, 216, 144, 8_000, 50_000, 100);
        Assert.Equal(216, schedule.BudgetAt(1));
        Assert.Equal(216, schedule.BudgetAt(8_000));
        Assert.Equal(215, schedule.BudgetAt(8_001));
        Assert.Equal(144, schedule.BudgetAt(85_904 - 50_000));
        Assert.Equal(144, schedule.BudgetAt(85_904));
    }

    [Fact]
    public void Never_rises_and_stays_between_its_ends()
    {
        var schedule = new BudgetSchedule(500, 96, 24, 0.1, 0.4, 7);
        long before = int.MaxValue;
        for (int t = 1; t <= 500; t++)
        {
            long budget = schedule.BudgetAt(t);
            Assert.InRange(budget, 24, Math.Min(before, 96));
            before = budget;
        }
    }

    [Fact]
    public void Values_below_one_are_fractions_and_from_one_on_steps()
    {
        var schedule = new BudgetSchedule(200, 10, 5, 0.1, 1, 1);
        Assert.Equal(20, schedule.InitialWarmupSteps);
        Assert.Equal(1, schedule.FinalWarmupSteps);
    }

    [Fact]
    public void Ranks_every_interval_of_the_budgeting_phase_and_always_at_its_end()
    {
        var schedule = new BudgetSchedule(60, 48, 16, 8, 20, 7);
        int[] ranked = [.. Enumerable.Range(1, 60).Where(schedule.IsAllocationStep)];
        Assert.Equal([14, 21, 28, 35, 40], ranked);
        Assert.All(Enumerable.Range(41, 20), t => Assert.True(schedule.IsFinalPhase(t)));
        Assert.False(schedule.IsFinalPhase(40));
    }

    [Fact]
    public void A_budget_above_the_start_removes_nothing() => Assert.Equal(10, new BudgetSchedule(100, 10, 50, 0.1, 0.5, 1).BudgetAt(100));

    [Theory]
    [InlineData(10, 5, 5)]
    [InlineData(10, 0.5, 5)]
    [InlineData(1, 0.1, 0.5)]
    public void Warm_ups_that_leave_no_budgeting_phase_are_refused(int steps, double initial, double final)
    {
        var error = Assert.Throws<AdaLoRAException>(() => new BudgetSchedule(steps, 8, 4, initial, final, 1));
        Assert.Contains("no budgeting phase", error.Message);
    }
}
