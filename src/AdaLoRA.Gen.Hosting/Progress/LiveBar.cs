using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Spectre's progress display, driven from outside: the display wants a method that lasts as long as it does, so it gets a thread.</summary>
internal sealed class LiveBar : IDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    private readonly ManualResetEventSlim _done = new();
    private readonly Thread _thread;
    private readonly ProgressTask _task;
    private readonly int _total;
    private readonly string _unit;
    private long _lastShown;

    public LiveBar(IAnsiConsole console, int firstStep, int totalSteps, string unit)
    {
        (_total, _unit) = (totalSteps, unit);
        var ready = new TaskCompletionSource<ProgressTask>();
        _thread = new Thread(() =>
        {
            try
            {
                console.Progress().AutoClear(true).Columns(new TextColumn(), new ProgressBarColumn { Width = 24 }, new TaskDescriptionColumn { Alignment = Justify.Left }).Start(context =>
                {
                    ready.SetResult(context.AddTask("starting", maxValue: totalSteps));
                    _done.Wait();
                });
            }
            catch (Exception e) when (ready.TrySetException(e))
            {
                // The console refused a live display; the constructor tells its caller.
            }
        })
        { IsBackground = true, Name = "Training progress" };
        _thread.Start();
        _task = ready.Task.GetAwaiter().GetResult();
        _task.State.Update<int>(TextColumn.StepKey, _ => firstStep);
        _task.Value = firstStep;
    }

    public void Show(in StepCompleted e, double loss)
    {
        _task.Value = e.Step;
        // Text is garbage: no more of it than a person can read.
        if (e.Step < _total && System.Diagnostics.Stopwatch.GetElapsedTime(_lastShown) < Refresh) return;
        _lastShown = System.Diagnostics.Stopwatch.GetTimestamp();
        int step = e.Step;
        _task.State.Update<int>(TextColumn.StepKey, _ => step);
        _task.Description = $"{ProgressText.Numbers(e, loss, _unit)}  eta {ProgressText.Duration(e.Remaining)}{(e.SkippedSteps > 0 ? $"  [red]skipped {e.SkippedSteps.ToString(CultureInfo.InvariantCulture)}[/]" : "")}";
    }

    public void Dispose()
    {
        _done.Set();
        _thread.Join();
        _done.Dispose();
    }

    private sealed class TextColumn : ProgressColumn
    {
        public const string StepKey = "step";

        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(string.Create(CultureInfo.InvariantCulture, $"step {task.State.Get<int>(StepKey)}/{task.MaxValue:0}"));
    }
}
