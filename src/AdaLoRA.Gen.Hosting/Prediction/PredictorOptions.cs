using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// What a predictor serves, and how. The values come from the initialisers below, then from the configuration section <c>AdaLoRA:Predictors:&lt;Name&gt;</c>, then from delegates; all of them are
/// checked together when the host starts.
/// </summary>
public sealed class PredictorOptions
{
    /// <summary>Folder of the adapter that serves first, as training saved it or PEFT wrote it; relative to the working directory.</summary>
    /// <value>Required; holds adapter_config.json and adapter_model.safetensors.</value>
    public string AdapterFolder { get; set; } = "";

    /// <summary>Whether adapters are added to the weights when they are loaded. A forward then costs what the base's costs; a swap takes longer, and each adapter that is loaded costs a copy of the weights that it adapts.</summary>
    /// <value>Default false.</value>
    public bool Merged { get; set; }

    /// <summary>Where the model computes.</summary>
    /// <value>"cpu" (default), "cuda", "cuda:1", or "auto": "cuda" where libtorch finds a device, else "cpu".</value>
    public string Device { get; set; } = "cpu";

    /// <summary>Forwards that are computed beside each other, each on a thread of its own.</summary>
    /// <value>From 1 to 1024, or 0 (default): as many as the processor's cores hold with <see cref="Threads"/> each; on CUDA one.</value>
    public int MaxConcurrency { get; set; }

    /// <summary>Intra-op threads that each forward computes with. Sums, and so the last bits of an answer, depend on it.</summary>
    /// <value>From 1 to 1024, or 0 (default): the cores shared out over <see cref="MaxConcurrency"/>, at least 1. With both at 0, one.</value>
    public int Threads { get; set; }

    /// <summary>Requests that one batch of an <see cref="IBatchPredictor{TModel, TInput, TOutput}"/> holds at most.</summary>
    /// <value>From 1 (no batches) to 4096. Default 16.</value>
    public int MaxBatch { get; set; } = 16;

    /// <summary>How long a batch that is not full waits for more requests, from the arrival of its first. While threads are busy batches grow by themselves; waiting pays on a device that computes large batches in the time of small ones.</summary>
    /// <value>From zero (default: it does not wait) to 1 second.</value>
    public TimeSpan BatchDelay { get; set; }

    /// <summary>Requests that may wait for a thread; further ones are refused with a <see cref="PredictorUnavailableException"/>.</summary>
    /// <value>From 1 to 1,000,000. Default 1000.</value>
    public int QueueLimit { get; set; } = 1000;

    /// <summary>Whether an adapter that is written to <see cref="AdapterFolder"/>, or takes that folder's place, begins to serve by itself. One that is bad is a warning, and the old one serves on.</summary>
    /// <value>Default false.</value>
    public bool Watch { get; set; }

    /// <summary>Time between two looks at the watched folder; a change is taken over when it looks the same twice.</summary>
    /// <value>From 10 milliseconds to 1 hour. Default 1 second.</value>
    public TimeSpan WatchInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>What could not be read from configuration; reported with the broken rules.</summary>
    internal List<string> Unreadable { get; } = [];

    /// <summary>Every rule that these values break; empty when none is.</summary>
    /// <returns>One sentence a broken rule, each naming the value and the remedy.</returns>
    public IReadOnlyList<string> Validate() => PredictorOptionsRules.Check(this);

    internal PredictorOptions Clone() => (PredictorOptions)MemberwiseClone();

    /// <summary>Threads that compute, and libtorch threads of each.</summary>
    internal (int Workers, int IntraOp) Resolve(torch.Device device)
    {
        int cores = Environment.ProcessorCount;
        int workers = MaxConcurrency > 0 ? MaxConcurrency : device.type != DeviceType.CPU ? 1 : Math.Max(1, cores / Math.Max(1, Threads));
        return (workers, Threads > 0 ? Threads : Math.Max(1, cores / workers));
    }
}
