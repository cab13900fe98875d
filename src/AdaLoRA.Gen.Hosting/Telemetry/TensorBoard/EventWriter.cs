using System.Globalization;
using System.Text;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Writes the events of one process of a run into one event file. Live and converted alike, so that both give the same bytes.</summary>
internal sealed class EventWriter
{
    // TensorBoard shows ten pictures of a series; more than one a second would only fill the disk.
    private static readonly TimeSpan BetweenMaps = TimeSpan.FromSeconds(1);

    private readonly EventFile _file;
    private readonly SummaryEvent _event = new();
    private readonly RankMapImage _map;
    private DateTimeOffset _mapTime = DateTimeOffset.MinValue;
    private RanksRead? _pendingMap;

    /// <summary>Begins a file.</summary>
    public EventWriter(EventFile file, RunStarted started)
    {
        _file = file;
        _map = new RankMapImage(started.Targets);
        _event.BeginFile(started.Time);
        Append();
        // From the second start in a folder on, readers drop what is not before its step: the first must be there, too, and what was told of the checkpoint's own step holds.
        _event.BeginSession(started.Time, started.Step + 1L);
        Append();
        _event.BeginSummary(started.Time, started.Step);
        _event.AddText(TensorBoardTags.RunCard, Card(started));
        Append();
    }

    /// <summary>Writes what an event has for TensorBoard.</summary>
    public void Write(TrainingEvent e)
    {
        if (_pendingMap is { } pending && (e is RunEnded || e.Time - _mapTime >= BetweenMaps)) WriteMap(pending);
        switch (e)
        {
            case LossRead loss: Write(loss); break;
            case RanksRead ranks: Write(ranks); break;
            case EvaluationRead evaluation: Write(evaluation); break;
            case RunNotice notice: WriteNotice(e, notice.Text); break;
            case RunEnded { State: RunState.Failed } ended: WriteNotice(e, $"The run failed: {ended.Reason}"); break;
            case RunEnded ended: WriteNotice(e, ended.State == RunState.Finished ? "The run is finished." : "The run was interrupted."); break;
        }
    }

    private void Write(LossRead e)
    {
        _event.BeginSummary(e.Time, e.Step);
        _event.AddScalar(TensorBoardTags.Loss, e.Loss);
        _event.AddScalar(TensorBoardTags.Regulariser, e.Regulariser);
        _event.AddScalar(TensorBoardTags.LearningRate, e.LearningRate);
        _event.AddScalar(TensorBoardTags.GradientNorm, e.GradientNorm);
        _event.AddScalar(TensorBoardTags.SkippedSteps, e.SkippedSteps);
        _event.AddScalar(TensorBoardTags.Budget, e.Budget);
        _event.AddScalar(TensorBoardTags.Epoch, e.Epoch);
        _event.AddScalar(TensorBoardTags.SamplesPerSecond, e.SamplesPerSecond);
        if (e.ProcessBytes is { } process) _event.AddScalar(TensorBoardTags.ProcessMemory, process);
        if (e.DeviceBytes is { } device) _event.AddScalar(TensorBoardTags.DeviceMemory, device);
        Append();
    }

    private void Write(RanksRead e)
    {
        _event.BeginSummary(e.Time, e.Step);
        _event.AddScalar(TensorBoardTags.Rank, e.Ranks.Sum());
        _event.AddHistogram(TensorBoardTags.Ranks, Histogram.OfWholeNumbers(e.Ranks), "Living triplets of each adapter.");
        if (e.Importances is { } importances) _event.AddHistogram(TensorBoardTags.Importances, Histogram.OfReals(importances), "Importances of the triplets; of 256 evenly spaced ones of their order when there are more.");
        Append();
        if (e.Time - _mapTime >= BetweenMaps) WriteMap(e);
        else _pendingMap = e;
    }

    private void Write(EvaluationRead e)
    {
        _event.BeginSummary(e.Time, e.Step);
        _event.AddScalar(TensorBoardTags.EvaluationPrefix + e.Metric, e.Value);
        foreach (var (name, value) in e.Further)
        {
            if (name != e.Metric) _event.AddScalar(TensorBoardTags.EvaluationPrefix + name, value);
        }
        _event.AddScalar(TensorBoardTags.EvaluationSeconds, e.Seconds);
        Append();
    }

    private void WriteMap(RanksRead e)
    {
        _pendingMap = null;
        if (_map.Draw(e.Ranks) is not { } image) return;
        _mapTime = e.Time;
        _event.BeginSummary(e.Time, e.Step);
        _event.AddImage(TensorBoardTags.RankMap, image, _map.Description);
        Append();
    }

    private void WriteNotice(TrainingEvent e, string text)
    {
        _event.BeginSummary(e.Time, e.Step);
        _event.AddText(TensorBoardTags.Notices, Code(text));
        Append();
    }

    private void Append() => _file.Append(_event.Message());

    private static string Card(RunStarted e)
    {
        var card = new StringBuilder();
        void Line(string name, string value) => card.Append("- ").Append(name).Append(": ").Append(Code(value)).Append('\n');
        void Part(string title, IReadOnlyDictionary<string, string> values)
        {
            if (values.Count > 0) card.Append("\n**").Append(title).Append("**\n\n");
            foreach (var (name, value) in values) Line(name, value);
        }
        Line("run", e.Run);
        Line("name", e.Name);
        Line("model", e.Model);
        Line("device", string.Create(CultureInfo.InvariantCulture, $"{e.Device}, {e.Threads} threads"));
        Line("steps", string.Create(CultureInfo.InvariantCulture, $"{e.Step + 1} to {e.TotalSteps}"));
        Line("adapters", string.Create(CultureInfo.InvariantCulture, $"{e.Targets.Count}, {e.TrainedParameters} trained parameters"));
        Part("Task", e.Card);
        Part("Versions", e.Versions);
        Part("Options", e.Options);
        return card.ToString();
    }

    // What users wrote is no Markdown.
    private static string Code(string text) => $"`{text.ReplaceLineEndings(" ").Replace('`', '\'')}`";
}
