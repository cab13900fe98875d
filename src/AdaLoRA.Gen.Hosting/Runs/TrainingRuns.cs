using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The runs of an app in order of registration; a singleton of the container.</summary>
public sealed class TrainingRuns : IReadOnlyList<TrainingRun>
{
    private readonly TrainingRun[] _runs;

    internal TrainingRuns(IEnumerable<TrainingRun> runs) => _runs = [.. runs];

    /// <inheritdoc/>
    public int Count => _runs.Length;

    /// <inheritdoc/>
    public TrainingRun this[int index] => _runs[index];

    /// <summary>The run of a name.</summary>
    /// <param name="name">As registered.</param>
    /// <param name="run">Null when there is none.</param>
    public bool TryGet(string name, [NotNullWhen(true)] out TrainingRun? run) => (run = _runs.FirstOrDefault(r => r.Name == name)) is not null;

    /// <inheritdoc/>
    public IEnumerator<TrainingRun> GetEnumerator() => ((IEnumerable<TrainingRun>)_runs).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
