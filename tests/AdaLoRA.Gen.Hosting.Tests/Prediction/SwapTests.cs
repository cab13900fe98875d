using AdaLoRA.Gen.Autograd;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting.Tests;

public sealed class SwapTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Under_load_hundreds_of_swaps_lose_nothing_and_mix_nothing(bool merged)
    {
        const int Swaps = 300;
        using var adapters = new TinyAdapters();
        var alone = new[] { adapters.Red, adapters.Blue }.ToDictionary(f => f, f => TinyAdapters.Alone(f, merged));
        Assert.NotEqual(alone[adapters.Red][0], alone[adapters.Blue][0]);
        await using var predictor = adapters.Predictor(o => o.Merged = merged);
        await predictor.StartAsync();
        using var done = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 8).Select(client => Task.Run(async () =>
        {
            var seen = new Dictionary<string, int> { [adapters.Red] = 0, [adapters.Blue] = 0 };
            for (int i = client; !done.IsCancellationRequested; i++)
            {
                int input = i % TinyAdapters.Inputs;
                int newest = predictor.Adapter.Version;
                var (adapter, answer) = await predictor.PredictAsync((model, adapter) => (adapter, TinyAdapters.Forward(model, input)));
                Assert.Equal(alone[adapter.Folder][input], answer);
                Assert.True(adapter.Version >= newest);
                seen[adapter.Folder]++;
            }
            return seen;
        })).ToArray();
        for (int swap = 0; swap < Swaps; swap++)
        {
            string folder = swap % 2 == 0 ? adapters.Blue : adapters.Red;
            var info = await predictor.SwapAsync(folder);
            Assert.Equal((swap + 2, folder, merged), (info.Version, info.Folder, info.IsMerged));
        }
        await done.CancelAsync();
        var seen = await Task.WhenAll(clients);
        Assert.True(seen.Sum(s => s[adapters.Red]) > Swaps && seen.Sum(s => s[adapters.Blue]) > Swaps, "too little load to say anything");
        Assert.Equal((0L, 0L, 0), (predictor.Load.Failed, predictor.Load.Refused, predictor.Load.Waiting));
    }

    [Fact]
    public async Task A_forward_under_way_ends_on_the_old_adapter_while_new_ones_are_answered_with_the_new()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => o.MaxConcurrency = 2);
        using var slow = new Blocker(predictor, model => TinyAdapters.Forward(model, 5));
        var swap = predictor.SwapAsync(adapters.Blue);
        while (predictor.Adapter.Folder != adapters.Blue) await Task.Delay(5);
        Assert.Equal(TinyAdapters.Alone(adapters.Blue)[5], await predictor.PredictAsync(model => TinyAdapters.Forward(model, 5)));
        Assert.False(swap.IsCompleted);
        slow.Go();
        Assert.Equal(TinyAdapters.Alone(adapters.Red)[5], await slow.Request);
        await swap;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_of_an_adapter_stays_behind_in_the_model(bool merged)
    {
        using var adapters = new TinyAdapters();
        // One layer only, and no trained head: the rest must be the base's, after two adapters that changed it on both instances.
        string small = adapters.Make("small", 3, o => (o.Targets, o.Trainable) = (["second"], []));
        await using var predictor = adapters.Predictor(o => o.Merged = merged);
        foreach (string folder in (string[])[adapters.Blue, small, small, adapters.Red, small])
        {
            await predictor.SwapAsync(folder);
            var alone = TinyAdapters.Alone(folder, merged);
            for (int i = 0; i < TinyAdapters.Inputs; i++) Assert.Equal(alone[i], await predictor.PredictAsync(model => TinyAdapters.Forward(model, i)));
        }
    }

    [Fact]
    public void A_second_instance_shares_all_weights_but_those_that_its_adapter_writes()
    {
        using var adapters = new TinyAdapters();
        using var first = new TinyModel();
        using var shared = new SharedTensors(first);
        var model = new TinyModel();
        shared.Share(model, "TinyModel");
        using var replica = new Replica<TinyModel>(model, shared);
        Assert.Equal(["first.bias", "first.weight", "head.bias", "head.weight", "second.bias", "second.weight"], Shared());
        replica.Put(adapters.Red, merged: false);
        Assert.Equal(["first.bias", "first.weight", "second.bias", "second.weight"], Shared());
        replica.Clear();
        replica.Put(adapters.Red, merged: true);
        Assert.Equal(["first.bias", "second.bias"], Shared());
        replica.Clear();
        Assert.Equal(6, Shared().Count());

        IEnumerable<string> Shared() => first.named_parameters().Where(p => Address(p.parameter) == Address(model.get_parameter(p.name)!)).Select(p => p.name).Order(StringComparer.Ordinal);
        static unsafe nint Address(Tensor tensor) => (nint)TensorMemory.Floats(tensor);
    }

    [Fact]
    public async Task A_bad_folder_is_one_sentence_and_the_old_adapter_serves_on()
    {
        using var adapters = new TinyAdapters();
        string nan = adapters.Make("nan", 4, change: model => AdapterSet.Of(model)!.Adapters[1].lora_B.fill_(float.NaN));
        string torn = adapters.Make("torn", 5);
        using (var file = File.OpenWrite(Path.Combine(torn, "adapter_model.safetensors"))) file.SetLength(file.Length - 3);
        string alien = adapters.Make("alien", 6);
        File.WriteAllText(Path.Combine(alien, "adapter_config.json"), File.ReadAllText(Path.Combine(alien, "adapter_config.json")).Replace("ADALORA", "IA3", StringComparison.Ordinal));
        var alone = TinyAdapters.Alone(adapters.Red);
        await using var predictor = adapters.Predictor(check: (_, adapter) =>
        {
            if (adapter.Folder == adapters.Blue) throw new InvalidDataException("the labels of blue are missing");
        });
        foreach (var (folder, reason) in new[]
        {
            (adapters.File("nowhere"), "is no adapter's folder: it lacks adapter_config.json"),
            (nan, "holds values for 'second' that are NaN or infinite"),
            (torn, "adapter_model.safetensors"),
            (alien, "IA3"),
            (adapters.Blue, "InvalidDataException: the labels of blue are missing"),
        })
        {
            string message = (await Assert.ThrowsAsync<AdaLoRAException>(() => predictor.SwapAsync(folder))).Message;
            Assert.StartsWith($"The predictor 'TinyModel' keeps its adapter '{adapters.Red}': ", message);
            Assert.Contains(reason, message);
            Assert.Contains(reason, predictor.LastSwapFailure);
            Assert.Equal((1, adapters.Red), (predictor.Adapter.Version, predictor.Adapter.Folder));
            Assert.Equal(alone[3], await predictor.PredictAsync(model => TinyAdapters.Forward(model, 3)));
        }
        await predictor.SwapAsync(adapters.Red);
        Assert.Null(predictor.LastSwapFailure);
        Assert.Equal(alone[3], await predictor.PredictAsync(model => TinyAdapters.Forward(model, 3)));
    }

    [Fact]
    public async Task A_folder_that_is_written_all_the_while_is_taken_whole_or_refused()
    {
        using var adapters = new TinyAdapters();
        string folder = adapters.Make("busy", seed: 1);
        float[][] red = TinyAdapters.Alone(adapters.Red), blue = TinyAdapters.Alone(adapters.Blue);
        await using var predictor = adapters.Predictor(o => o.AdapterFolder = folder);
        await predictor.StartAsync();
        using var done = new CancellationTokenSource();
        var writer = Task.Run(() =>
        {
            using TinyModel first = new(), second = new();
            AdapterSet[] sets = [first.LoadAdapter(adapters.Red), second.LoadAdapter(adapters.Blue)];
            for (int i = 0; !done.IsCancellationRequested; i++) sets[i % 2].Save(folder);
        });
        int taken = 0;
        for (int i = 0; i < 200; i++)
        {
            try
            {
                await predictor.SwapAsync(folder);
                taken++;
            }
            catch (AdaLoRAException e)
            {
                Assert.StartsWith("The predictor 'TinyModel' keeps its adapter", e.Message);
            }
            float[] answer = await predictor.PredictAsync(model => TinyAdapters.Forward(model, 4));
            Assert.True(answer.SequenceEqual(red[4]) || answer.SequenceEqual(blue[4]), $"after {taken} swaps something else serves");
        }
        await done.CancelAsync();
        await writer;
        Assert.Equal(folder, (await predictor.SwapAsync(folder)).Folder);
    }

    [Fact]
    public async Task Swapped_tells_both_and_a_handler_that_throws_harms_nothing()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor();
        var told = new List<(string?, string)>();
        predictor.Swapped += (_, e) =>
        {
            told.Add((e.Previous?.Folder, e.Current.Folder));
            throw new InvalidOperationException();
        };
        await predictor.SwapAsync(adapters.Blue);
        Assert.Equal([(null, adapters.Red), (adapters.Red, adapters.Blue)], told);
    }

    [Fact]
    public async Task A_digest_is_the_files_and_not_their_place()
    {
        using var adapters = new TinyAdapters();
        string copy = adapters.Make("copy", seed: 1), other = adapters.Make("other", seed: 9);
        await using var predictor = adapters.Predictor();
        await predictor.StartAsync();
        string red = predictor.Adapter.Digest;
        Assert.Matches("^[0-9a-f]{64}$", red);
        Assert.Equal(red, (await predictor.SwapAsync(copy)).Digest);
        Assert.NotEqual(red, (await predictor.SwapAsync(other)).Digest);
    }

    [Fact]
    public async Task A_cancelled_swap_changes_nothing()
    {
        using var adapters = new TinyAdapters();
        using var stop = new CancellationTokenSource();
        await using var predictor = adapters.Predictor(check: (_, adapter) => { if (adapter.Version == 2) stop.Cancel(); });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => predictor.SwapAsync(adapters.Blue, stop.Token));
        Assert.Equal(adapters.Red, predictor.Adapter.Folder);
        Assert.Equal(adapters.Blue, (await predictor.SwapAsync(adapters.Blue)).Folder);
    }

    [Fact]
    public async Task A_factory_that_makes_other_models_is_told_so()
    {
        using var adapters = new TinyAdapters();
        int made = 0;
        await using var predictor = adapters.Predictor(create: () =>
        {
            var model = new TinyModel();
            if (made++ > 0) model.register_buffer("extra", zeros(2));
            return model;
        });
        Assert.Contains("'extra' is in one of them only", (await Assert.ThrowsAsync<AdaLoRAException>(() => predictor.SwapAsync(adapters.Blue))).Message);
        using var adapted = new TinyModel();
        adapted.AttachAdaLoRA();
        await using var second = adapters.Predictor(create: () => adapted);
        Assert.Contains("that has adapters already", (await Assert.ThrowsAsync<AdaLoRAException>(() => second.StartAsync())).Message);
    }
}
