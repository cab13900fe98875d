namespace AdaLoRA.Gen.Hosting.Tests;

public sealed class PredictorQueueTests
{
    [Fact]
    public async Task A_full_queue_refuses_with_a_sentence_and_a_caller_that_gives_up_makes_room()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => (o.MaxConcurrency, o.QueueLimit) = (1, 2));
        using var slow = new Blocker(predictor);
        using var givesUp = new CancellationTokenSource();
        var cancelled = predictor.PredictAsync(_ => 1, givesUp.Token);
        var waits = predictor.PredictAsync(_ => 2);
        var refused = await Assert.ThrowsAsync<PredictorUnavailableException>(() => predictor.PredictAsync(_ => 3).WaitAsync(Blocker.Patience));
        Assert.Equal("The predictor 'TinyModel' has 2 requests waiting, its QueueLimit; try again later, or raise the limit.", refused.Message);
        Assert.True(refused.IsQueueFull);
        await givesUp.CancelAsync();
        // At once, not when a thread comes to it.
        Assert.Equal(givesUp.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(Blocker.Patience))).CancellationToken);
        var takesItsPlace = predictor.PredictAsync(_ => 4);
        Assert.Equal(new PredictorLoad(2, 1, 0, 0, 1, 1), predictor.Load);
        slow.Go();
        Assert.Equal((2, 4), (await waits, await takesItsPlace));
        await slow.Request;
        Assert.Equal(new PredictorLoad(0, 0, 3, 0, 1, 1), predictor.Load);
    }

    [Fact]
    public async Task Stopping_answers_what_waits_and_takes_nothing_more()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => o.MaxConcurrency = 1);
        using var slow = new Blocker(predictor);
        var waits = Enumerable.Range(0, 10).Select(i => predictor.PredictAsync(_ => i)).ToArray();
        var stop = predictor.StopAsync();
        var refused = await Assert.ThrowsAsync<PredictorUnavailableException>(() => predictor.PredictAsync(_ => 0).WaitAsync(Blocker.Patience));
        Assert.Equal(("The predictor 'TinyModel' stops and takes no more requests.", false, false), (refused.Message, refused.IsQueueFull, predictor.IsReady));
        await Assert.ThrowsAsync<PredictorUnavailableException>(() => predictor.SwapAsync(adapters.Blue));
        Assert.False(stop.IsCompleted);
        slow.Go();
        Assert.Equal(Enumerable.Range(0, 10), await Task.WhenAll(waits));
        await stop;
        await predictor.StopAsync();
    }

    [Fact]
    public async Task When_time_is_up_what_waits_is_refused_and_what_runs_ends()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => o.MaxConcurrency = 1);
        using var slow = new Blocker(predictor);
        var waits = predictor.PredictAsync(_ => 1);
        using var timeUp = new CancellationTokenSource();
        var stop = predictor.StopAsync(timeUp.Token);
        await timeUp.CancelAsync();
        slow.Go();
        await Assert.ThrowsAsync<PredictorUnavailableException>(() => waits);
        Assert.Empty(await slow.Request);
        await stop;
    }

    [Fact]
    public async Task A_start_that_failed_may_be_tried_again()
    {
        using var adapters = new TinyAdapters();
        bool broken = true;
        await using var predictor = adapters.Predictor(check: (_, _) => { if (broken) throw new InvalidDataException("no labels"); });
        var failure = await Assert.ThrowsAsync<AdaLoRAException>(() => predictor.PredictAsync(_ => 1));
        Assert.Equal("The predictor 'TinyModel' cannot start: InvalidDataException: no labels", failure.Message);
        Assert.False(predictor.IsReady);
        Assert.Throws<PredictorUnavailableException>(() => predictor.Adapter);
        broken = false;
        Assert.Equal(1, await predictor.PredictAsync(_ => 1));
    }
}
