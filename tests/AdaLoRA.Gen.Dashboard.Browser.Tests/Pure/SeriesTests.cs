using System.Text.Json;
using AdaLoRA.Gen.Budget;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>The functions that curves are drawn from.</summary>
[Collection(BrowserTests.Name)]
public class SeriesTests(BrowserFixture browser, PastRunsFixture past)
{
    [Fact]
    public async Task The_scheduled_budget_is_that_of_the_run_time_at_every_step()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.Url);
        foreach (var s in new[] { new BudgetSchedule(200, 288, 72, 0.1, 0.5, 1), new BudgetSchedule(1000, 5_000_000_000, 1_234_567_890, 37, 211, 10), new BudgetSchedule(7, 9, 1, 0, 0, 3), new BudgetSchedule(50, 8, 8, 5, 5, 1) })
        {
            var computed = await page.Page.EvaluateAsync<long[]>(
                """
                async ([initial, final, initial_warmup, final_warmup, total]) => {
                    const { budgetAt } = await import("./assets/series.js");
                    return Array.from({ length: total }, (_, i) => budgetAt({ initial, final, initial_warmup, final_warmup }, total, i + 1));
                }
                """, new object[] { s.InitialBudget, s.FinalBudget, s.InitialWarmupSteps, s.FinalWarmupSteps, s.TotalSteps });
            Assert.Equal(Enumerable.Range(1, s.TotalSteps).Select(s.BudgetAt), computed);
        }
    }

    [Fact]
    public async Task Smoothing_passes_over_what_is_not_finite_and_begins_at_the_first_value()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.Url);
        var smooth = JsonDocument.Parse(await page.Page.EvaluateAsync<string>(
            """
            async () => {
                const { smooth } = await import("./assets/series.js");
                return JSON.stringify([smooth([4, NaN, 2, null, 2], 0.5), smooth([1, 2, 3], 0)]);
            }
            """)).RootElement;
        double?[] expected = [4, null, (0.25 * 4 + 0.5 * 2) / 0.75, null, (0.125 * 4 + 0.25 * 2 + 0.5 * 2) / 0.875];
        var actual = smooth[0].EnumerateArray().Select(e => e.ValueKind == JsonValueKind.Null ? (double?)null : e.GetDouble()).ToArray();
        Assert.Equal(expected.Length, actual.Length);
        foreach (var (e, a) in expected.Zip(actual)) Assert.Equal(e ?? -1, a ?? -1, 12);
        Assert.Equal([1.0, 2, 3], smooth[1].EnumerateArray().Select(e => e.GetDouble()));
    }

    [Fact]
    public async Task Numbers_are_told_shortly_and_none_as_an_error()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.Url);
        string texts = await page.Page.EvaluateAsync<string>(
            """
            async () => {
                const { bytes, count, duration, number, short } = await import("./assets/format.js");
                return [short(0.123456), short(12), short(1.5e-7), short(number("NaN")), short(number("-Infinity")), short(null), count(1234567), bytes(1.5e9), duration(59.6), duration(3725), duration(NaN)].join(" | ");
            }
            """);
        Assert.Equal("0.1235 | 12 | 1.50e-7 | NaN | −∞ | – | 1\u202f234\u202f567 | 1.50 GB | 1 min 0 s | 1 h 2 min | –", texts);
    }

    [Fact]
    public async Task Bytes_that_round_up_to_the_next_unit_are_told_in_it()
    {
        await using var page = await DashboardPage.OpenAsync(browser, past.Url);
        string texts = await page.Page.EvaluateAsync<string>(
            """
            async () => {
                const { bytes } = await import("./assets/format.js");
                return [0, 999, 999.7, 999_400, 999_500, 999_400_000, 999_900_000, 999.6e9, 2.5e15].map(b => bytes(b)).join(" | ") + " | " + bytes(999_900_000, true);
            }
            """);
        Assert.Equal("0 B | 999 B | 1.00 kB | 999 kB | 1.00 MB | 999 MB | 1.00 GB | 1.00 TB | 2500 TB | 999.9 MB", texts);
    }
}
