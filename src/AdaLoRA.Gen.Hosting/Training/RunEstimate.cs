namespace AdaLoRA.Gen.Hosting;

/// <summary>What a run will take, from the discarded batch before it (of a resumed run: from the steps it has done).</summary>
public sealed record RunEstimate
{
    /// <summary>Steps to come.</summary>
    public required int Steps { get; init; }

    /// <summary>Seconds of one step: forward and backward of its micro-batches, to which the optimizer adds a few percent. Of a run below a minute the first batch of the process says it, which is slower than any other.</summary>
    public required double SecondsPerStep { get; init; }

    /// <summary>Evaluations to come.</summary>
    public required int Evaluations { get; init; }

    /// <summary>Seconds of one evaluation; null where the task cannot evaluate a part (<see cref="ITrainingTask{TModel}.EvaluateOneBatch"/>).</summary>
    public double? SecondsPerEvaluation { get; init; }

    /// <summary>Seconds of all of it; evaluations of unknown length are left out.</summary>
    public double Seconds => Steps * SecondsPerStep + Evaluations * (SecondsPerEvaluation ?? 0);

    /// <summary>The most bytes of physical memory that the process has had, the batches included; null where the operating system does not count them.</summary>
    public long? PeakProcessBytes { get; init; }

    /// <summary>Bytes in use on the CUDA device, by all processes; null on the CPU.</summary>
    public long? DeviceBytes { get; init; }
}
