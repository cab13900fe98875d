namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>A time of three words that is read while it is written must not be put together from two.</summary>
public class TimeOfAHistoryThatGrowsTests
{
    [Fact]
    public async Task The_last_time_is_one_that_was_told()
    {
        var history = new RunHistory();
        DateTimeOffset one = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero), other = new(2026, 6, 1, 12, 0, 0, TimeSpan.FromHours(9));
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(() =>
        {
            // One event a type stays small: what is counted here is how often the time changes.
            for (int i = 0; !stop.IsCancellationRequested; i++) history.Add(new RunEnded { State = RunState.Finished, Time = i % 2 == 0 ? one : other });
        });
        try
        {
            for (int i = 0; i < 3_000_000; i++)
            {
                if (history.LastTime is { } time) Assert.True(time.EqualsExact(one) || time.EqualsExact(other), $"{time:O} was never told");
            }
        }
        finally
        {
            await stop.CancelAsync();
            await writing;
        }
    }
}
