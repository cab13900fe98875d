using System.Diagnostics.CodeAnalysis;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Its life: start, exchange of the adapter, stop.</summary>
public sealed partial class AdapterPredictor<TModel>
{
    private readonly SemaphoreSlim _oneSwap = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private ComputeThreads? _loader;
    private SharedTensors? _base;
    private Replica<TModel>? _spare, _serving;
    private Task _watch = Task.CompletedTask;
    private int _version;

    /// <summary>Runs on every adapter before it serves; what it throws refuses the adapter.</summary>
    internal Action<TModel, AdapterInfo>? Check { get; init; }

    /// <inheritdoc/>
    public async Task<AdapterInfo> SwapAsync(string folder, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        await StartAsync(cancellationToken).ConfigureAwait(false);
        await _oneSwap.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!Gate.IsOpen) throw Gate.Stopping();
            var info = await _loader!.RunAsync(() => Exchange(folder, cancellationToken)).ConfigureAwait(false);
            LastSwapFailure = null;
            return info;
        }
        catch (Exception e) when (e is not (OperationCanceledException or PredictorUnavailableException))
        {
            LastSwapFailure = Sentence(e);
            throw new AdaLoRAException($"The predictor '{Name}' keeps its adapter '{Adapter.Folder}': {LastSwapFailure}", e);
        }
        finally
        {
            _oneSwap.Release();
        }
    }

    private async Task StartCoreAsync()
    {
        // Off the caller's lock.
        await Task.Yield();
        var (workers, intraOp) = _options.Resolve(Device);
        _loader ??= new ComputeThreads($"{Name} loader", 1, intraOp);
        try
        {
            string? stamp = _options.Watch ? AdapterFiles.Stamp(_options.AdapterFolder) : null;
            await _loader.RunAsync(() => Exchange(_options.AdapterFolder, _stopping.Token)).ConfigureAwait(false);
            _workers = new ComputeThreads(Name, workers, intraOp);
            _ready = true;
            if (_options.Watch) _watch = new AdapterWatch(_options.AdapterFolder, stamp, _options.WatchInterval, _time).RunAsync(Reload, _stopping.Token);
        }
        catch (Exception e) when (e is not (OperationCanceledException or PredictorUnavailableException))
        {
            throw new AdaLoRAException($"The predictor '{Name}' cannot start: {Sentence(e)}", e);
        }
    }

    /// <summary>Loads beside what serves, checks, exchanges, and waits for the last forward on the old adapter. On the loader's thread.</summary>
    private AdapterInfo Exchange(string folder, CancellationToken cancellationToken)
    {
        var next = _spare ??= CreateReplica();
        string full = Path.GetFullPath(folder);
        try
        {
            string digest = AdapterFiles.Digest(full);
            var (method, layers, rank) = next.Put(full, _options.Merged);
            if (AdapterFiles.Digest(full) != digest) throw new AdaLoRAException($"'{folder}' was written to while it was loaded; swap again when it is complete.");
            next.Adapter = new AdapterInfo(_version + 1, full, digest, _time.GetUtcNow(), method, layers, rank, _options.Merged);
            Compute(next, next.Adapter, (model, adapter) =>
            {
                Check?.Invoke(model, adapter);
                return 0;
            });
            cancellationToken.ThrowIfCancellationRequested();
        }
        catch
        {
            next.Clear();
            throw;
        }
        var (info, old, before) = (next.Adapter, _serving, _serving?.Adapter);
        _version++;
        _switch.Exchange(next);
        (_serving, _spare) = (next, null);
        Announce(before, info);
        if (old is null) return info;
        _switch.Drain(old);
        old.Clear();
        _spare = old;
        return info;
    }

    private Replica<TModel> CreateReplica()
    {
        var model = _create() ?? throw new AdaLoRAException($"UseModel gave null instead of a {TModel.Plan.ModelName}.");
        try
        {
            if (AdapterSet.All(model).Count > 0) throw new AdaLoRAException($"UseModel gave a {TModel.Plan.ModelName} that has adapters already; let it make the base model, the predictor loads '{_options.AdapterFolder}' onto it.");
            if (_serving is not null && ReferenceEquals(_serving.Model, model)) throw new AdaLoRAException($"UseModel gave the same {TModel.Plan.ModelName} twice; let it make a new one each time.");
            model.to(Device);
            if (_base is null) _base = new SharedTensors(model);
            else _base.Share(model, TModel.Plan.ModelName);
            return new Replica<TModel>(model, _base);
        }
        catch
        {
            if (_serving is null || !ReferenceEquals(_serving.Model, model)) model.Dispose();
            throw;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "A handler's failure is not the swap's.")]
    private void Announce(AdapterInfo? before, AdapterInfo now)
    {
        Log.Serving(_logger, Name, now.Version, now.Folder, now.Method, now.TotalRank, now.Layers, now.IsMerged, now.Digest);
        try
        {
            Swapped?.Invoke(this, new AdapterSwappedEventArgs(before, now));
        }
        catch (Exception e)
        {
            Log.SwapHandlerFailed(_logger, Name, Sentence(e));
        }
    }

    /// <summary>What the watch calls when the folder has changed.</summary>
    private async Task Reload(CancellationToken cancellationToken)
    {
        try
        {
            if (Adapter.Folder == Path.GetFullPath(_options.AdapterFolder) && AdapterFiles.Digest(_options.AdapterFolder) == Adapter.Digest)
            {
                // Touched, or put back: what lies there serves.
                LastSwapFailure = null;
                return;
            }
            await SwapAsync(_options.AdapterFolder, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AdaLoRAException or IOException or UnauthorizedAccessException)
        {
            if (Gate.IsOpen) Log.ReloadFailed(_logger, Name, Sentence(e));
        }
    }

    private async Task StopCoreAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_started is not null) await _started.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // One that came in before the gate closed may be on its way to the queue.
        while (Gate.HasRequests) await Task.Delay(5).ConfigureAwait(false);
        await _oneSwap.WaitAsync().ConfigureAwait(false);
        _workers?.Complete();
        _loader?.Complete();
        _workers?.Join();
        _loader?.Join();
        // A swap that waited its turn finds the gate closed.
        _oneSwap.Release();
        Log.PredictorStopped(_logger, Name, Load.Completed, Load.Failed, Load.Refused);
    }

    private void DisposeModels()
    {
        lock (_lifeGate)
        {
            _serving?.Dispose();
            _spare?.Dispose();
            _base?.Dispose();
            (_serving, _spare, _base) = (null, null, null);
        }
    }

    // libtorch appends its C++ stack to the message; the first line is the sentence. A sentence of ours may well have several lines.
    private static string Sentence(Exception e) =>
        e is AdaLoRAException or Serialization.SafetensorsException ? e.Message : $"{e.GetType().Name}: {e.Message.AsSpan().TrimStart().ToString().Split('\n', 2)[0].TrimEnd()}";
}
