namespace AdaLoRA.Gen.Hosting;

/// <summary>How fast a batch was on so many threads.</summary>
/// <param name="Threads">Intra-op threads.</param>
/// <param name="Milliseconds">Forward and backward of the discarded batch, the fastest of several.</param>
public readonly record struct ThreadTime(int Threads, double Milliseconds);
