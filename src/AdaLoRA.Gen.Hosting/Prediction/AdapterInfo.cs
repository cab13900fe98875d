namespace AdaLoRA.Gen.Hosting;

/// <summary>An adapter that serves, or served.</summary>
/// <param name="Version">Counts the adapters of one predictor, from 1.</param>
/// <param name="Folder">Full path of the folder that it was loaded from.</param>
/// <param name="Digest">SHA-256 of the folder's adapter files, in lower-case hexadecimal: equal for equal adapters, wherever they lie.</param>
/// <param name="LoadedAt">When it began to serve.</param>
/// <param name="Method">AdaLoRA or plain LoRA.</param>
/// <param name="Layers">Layers that have adapters.</param>
/// <param name="TotalRank">Triplets over all of them.</param>
/// <param name="IsMerged">Whether it is in the weights, or beside them.</param>
public sealed record AdapterInfo(int Version, string Folder, string Digest, DateTimeOffset LoadedAt, AdapterMethod Method, int Layers, int TotalRank, bool IsMerged);

/// <summary>Another adapter serves.</summary>
/// <param name="previous">The one that served before; null at the start.</param>
/// <param name="current">The one that serves now.</param>
public sealed class AdapterSwappedEventArgs(AdapterInfo? previous, AdapterInfo current) : EventArgs
{
    /// <summary>The one that served before; null at the start.</summary>
    public AdapterInfo? Previous { get; } = previous;

    /// <summary>The one that serves now.</summary>
    public AdapterInfo Current { get; } = current;
}
