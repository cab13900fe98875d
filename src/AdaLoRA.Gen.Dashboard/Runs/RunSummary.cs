using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>One line of the list of runs.</summary>
internal sealed record RunSummary
{
    /// <summary>Stands in URLs: letters, digits, <c>-</c>, <c>_</c> and <c>.</c> only.</summary>
    public required string Id { get; init; }

    /// <summary>Name under which the run was registered.</summary>
    public required string Name { get; init; }

    /// <summary>The annotated model.</summary>
    public required string Model { get; init; }

    /// <summary>Name of a <see cref="RunState"/>.</summary>
    public required string State { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the run is of this process and has not ended: it has a stream, and buttons.</summary>
    public required bool Live { get; init; }

    /// <summary><see cref="RunStarted.Run"/>; null before the start.</summary>
    public string? Run { get; init; }

    /// <summary>When it was started; null before.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When something was last heard of it.</summary>
    public DateTimeOffset? Last { get; init; }

    /// <summary>Steps done.</summary>
    public int Step { get; init; }

    /// <summary>T; 0 before the start.</summary>
    public int TotalSteps { get; init; }

    /// <summary>The last reading of the loss.</summary>
    public double? Loss { get; init; }

    /// <summary>Name of the number that decides; null before the first evaluation.</summary>
    public string? Metric { get; init; }

    /// <summary>Its best value so far; the last one while none is best yet, as after the evaluation of step 0.</summary>
    public double? Value { get; init; }

    /// <summary>Full path of the output folder.</summary>
    public string? OutputFolder { get; init; }
}

/// <summary>Keeps of a run's events what its summary tells.</summary>
internal sealed class RunDigest
{
    private EvaluationRead? _best;
    private EvaluationRead? _newest;

    public RunStarted? First { get; private set; }

    public RunStarted? Started { get; private set; }

    public RunEnded? Ended { get; private set; }

    public TrainingEvent? Newest { get; private set; }

    public LossRead? Loss { get; private set; }

    /// <summary>Takes the next event.</summary>
    public void Add(TrainingEvent e)
    {
        Newest = e;
        switch (e)
        {
            case RunStarted started:
                First ??= started;
                (Started, Ended) = (started, null);
                // What was told of later steps no longer holds.
                if (_best?.Step > e.Step) _best = null;
                if (_newest?.Step > e.Step) _newest = null;
                if (Loss?.Step > e.Step) Loss = null;
                break;
            case LossRead loss:
                Loss = loss;
                break;
            case EvaluationRead evaluation:
                _newest = evaluation;
                if (evaluation.IsBest) _best = evaluation;
                break;
            case RunEnded ended:
                Ended = ended;
                break;
        }
    }

    public RunSummary Summary(string id, string name, string model, string state, bool live) => new()
    {
        Id = id,
        Name = name,
        Model = model,
        State = state,
        Reason = Ended?.Reason,
        Live = live,
        Run = Started?.Run,
        Started = First?.Time,
        Last = Newest?.Time,
        Step = Newest?.Step ?? 0,
        TotalSteps = Started?.TotalSteps ?? 0,
        Loss = Loss?.Loss,
        Metric = (_best ?? _newest)?.Metric,
        Value = (_best ?? _newest)?.Value,
        OutputFolder = Started?.OutputFolder,
    };
}
