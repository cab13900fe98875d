using AdaLoRA.Gen.Testing;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>Adapters of the tiny model with drawn values, and what a model with one of them alone answers.</summary>
internal sealed class TinyAdapters : IDisposable
{
    public const int Inputs = 32;
    private static readonly float[][] Rows = Draw();
    private readonly TemporaryFolder _folder = new();

    public TinyAdapters()
    {
        Red = Make("red", seed: 1);
        Blue = Make("blue", seed: 2);
    }

    public string Red { get; }

    public string Blue { get; }

    public string File(string name) => _folder.File(name);

    /// <summary>Saves an adapter.</summary>
    /// <param name="name">Of the folder.</param>
    /// <param name="seed">Of its values.</param>
    /// <param name="configure">Changes the attribute's values.</param>
    /// <param name="change">Changes the model before it is saved.</param>
    public string Make(string name, int seed, Action<AdaLoRAOptions>? configure = null, Action<TinyModel>? change = null)
    {
        using var model = new TinyModel();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var generator = manual_seed(seed);
        var set = model.AttachAdaLoRA(configure);
        foreach (var adapter in set.Adapters)
        {
            adapter.lora_A.copy_(randn(adapter.lora_A.shape));
            adapter.lora_B.copy_(randn(adapter.lora_B.shape));
            adapter.lora_E?.copy_(randn(adapter.lora_E.shape));
        }
        foreach (string trained in set.TrainableNames) model.get_parameter(trained)!.copy_(randn(model.get_parameter(trained)!.shape));
        set.Refold();
        change?.Invoke(model);
        set.Save(_folder.File(name));
        return _folder.File(name);
    }

    /// <summary>The answer to an input, on a model that has only ever had this adapter.</summary>
    public static float[][] Alone(string folder, bool merged = false)
    {
        using var model = new TinyModel();
        var set = model.LoadAdapter(folder);
        if (merged) set.Merge();
        model.eval();
        using var _ = no_grad();
        return [.. Enumerable.Range(0, Inputs).Select(i => Forward(model, i))];
    }

    /// <inheritdoc cref="Alone"/>
    public static float[][] AloneUnmerged(string folder) => Alone(folder);

    /// <summary>What a request does.</summary>
    public static float[] Forward(TinyModel model, int input) => Forward(model, [input])[0];

    /// <summary>What a batch of requests does.</summary>
    public static float[][] Forward(TinyModel model, IReadOnlyList<int> inputs)
    {
        using var scope = NewDisposeScope();
        float[] all = model.call(tensor([.. inputs.SelectMany(i => Rows[i])], inputs.Count, TinyModel.In)).data<float>().ToArray();
        return [.. all.Chunk(TinyModel.Out)];
    }

    public AdapterPredictor<TinyModel> Predictor(Action<PredictorOptions>? configure = null, Func<TinyModel>? create = null, Action<TinyModel, AdapterInfo>? check = null)
    {
        var options = new PredictorOptions { AdapterFolder = Red, MaxConcurrency = 4, Threads = 1 };
        configure?.Invoke(options);
        return new AdapterPredictor<TinyModel>(create ?? (() => new TinyModel()), options) { Check = check };
    }

    public void Dispose() => _folder.Dispose();

    private static float[][] Draw()
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, Inputs).Select(_ => Enumerable.Range(0, TinyModel.In).Select(_ => (float)(2 * random.NextDouble() - 1)).ToArray())];
    }
}
