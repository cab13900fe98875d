using Spectre.Console;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Shows a run on the console: a live bar with step, loss, learning rate, budget, speed and time left on a terminal, one line every LogEvery steps elsewhere.</summary>
public sealed class ConsoleProgress : ITrainingObserver, IDisposable
{
    private readonly IAnsiConsole _console;
    private LiveBar? _bar;
    private ProgressMode _mode;
    private string _unit = "";
    private double _lastLoss = double.NaN;

    /// <summary>Shows runs on the process's console.</summary>
    public ConsoleProgress() : this(AnsiConsole.Console) { }

    /// <summary>Shows runs on a console of the caller's choice.</summary>
    /// <param name="console">Live when it is an interactive terminal.</param>
    public ConsoleProgress(IAnsiConsole console)
    {
        ArgumentNullException.ThrowIfNull(console);
        _console = console;
    }

    private bool IsLive => _mode == ProgressMode.Auto && _console.Profile.Capabilities.Interactive && _console.Profile.Out.IsTerminal;

    /// <inheritdoc/>
    public void OnStarted(TrainingStarted e)
    {
        ArgumentNullException.ThrowIfNull(e);
        _mode = e.Options.Progress;
        _unit = ProgressText.Unit(e.Adapters);
        _lastLoss = double.NaN;
        if (_mode == ProgressMode.Off) return;
        Line(ProgressText.Started(e));
        if (IsLive) _bar = new LiveBar(_console, e.FirstStep, e.TotalSteps, _unit);
    }

    /// <inheritdoc/>
    public void OnStep(in StepCompleted e)
    {
        if (e.Loss is { } loss) _lastLoss = loss;
        if (_bar is not null) _bar.Show(e, _lastLoss);
        else if (_mode != ProgressMode.Off && e.Loss is { } read) Line(ProgressText.Step(e, read, _unit));
    }

    /// <inheritdoc/>
    public void OnSkipped(StepSkipped e)
    {
        ArgumentNullException.ThrowIfNull(e);
        if (_mode != ProgressMode.Off) Line(ProgressText.Skipped(e));
    }

    /// <inheritdoc/>
    public void OnCheckpointSkipped(CheckpointSkipped e)
    {
        ArgumentNullException.ThrowIfNull(e);
        if (_mode != ProgressMode.Off) Line($"{e.Reason} Going on from the one before.");
    }

    /// <inheritdoc/>
    public void OnEvaluated(ModelEvaluated e)
    {
        ArgumentNullException.ThrowIfNull(e);
        if (_mode != ProgressMode.Off) Line(ProgressText.Evaluated(e));
    }

    /// <inheritdoc/>
    public void OnCheckpointed(CheckpointWritten e)
    {
        ArgumentNullException.ThrowIfNull(e);
        if (_mode != ProgressMode.Off && _bar is null) Line($"step {e.Step}: checkpoint {e.Folder}");
    }

    /// <inheritdoc/>
    public void OnNotice(int stepsDone, string text)
    {
        if (_mode != ProgressMode.Off) Line($"step {stepsDone}: {text}");
    }

    /// <inheritdoc/>
    public void OnPaused(int stepsDone)
    {
        if (_mode != ProgressMode.Off) Line($"step {stepsDone}: paused");
    }

    /// <inheritdoc/>
    public void OnContinued(int stepsDone)
    {
        if (_mode != ProgressMode.Off) Line($"step {stepsDone}: going on");
    }

    /// <inheritdoc/>
    public void OnFinished(TrainingFinished e)
    {
        ArgumentNullException.ThrowIfNull(e);
        EndBar();
        if (_mode == ProgressMode.Off) return;
        Line(ProgressText.Finished(e.Result, e.WasComplete));
        WriteMap(e.Adapters);
        foreach (string place in ProgressText.Places(e.Result)) Line(place);
    }

    /// <inheritdoc/>
    public void OnDryRun(DryRunFinished e)
    {
        ArgumentNullException.ThrowIfNull(e);
        if (e.Options.Progress != ProgressMode.Off) Line(ProgressText.DryRun(e));
    }

    /// <inheritdoc/>
    public void OnFailed(Exception exception) => EndBar();

    /// <summary>Ends the live display.</summary>
    public void Dispose() => EndBar();

    private void EndBar()
    {
        _bar?.Dispose();
        _bar = null;
    }

    // Beside the console's own writer a line would be wrapped at 80 columns where the output is a file.
    private void Line(string text)
    {
        if (_bar is null && !IsLive) _console.Profile.Out.Writer.WriteLine(text);
        else _console.WriteLine(text);
    }

    private void WriteMap(AdapterSet adapters)
    {
        int width = _console.Profile.Width;
        if (!IsLive) _console.Profile.Width = 500;
        _console.Write(RankMap.Render(adapters));
        _console.Profile.Width = width;
    }
}
