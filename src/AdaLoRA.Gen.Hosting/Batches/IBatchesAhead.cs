namespace AdaLoRA.Gen.Hosting;

/// <summary>A task whose batches can be made before they are asked for. The trainer starts and stops it; between the two, losses are asked for in order.</summary>
internal interface IBatchesAhead
{
    /// <summary>Starts to make batches.</summary>
    /// <param name="first">The batch of the next loss.</param>
    /// <param name="ahead">Batches that may lie ready.</param>
    /// <exception cref="AdaLoRAException">The task's batches cannot be made on another thread.</exception>
    void Start(BatchPosition first, int ahead);

    /// <summary>How long losses have waited for their batches so far: for all of the making where none is made ahead.</summary>
    TimeSpan Waited { get; }

    /// <summary>Stops and frees what was made for nothing. May be called twice.</summary>
    void Stop();
}
