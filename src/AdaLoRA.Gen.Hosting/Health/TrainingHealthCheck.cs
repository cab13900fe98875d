using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// How a run is. Healthy: it waits for its turn, prepares, trains and gets on, or came to its end. Degraded: it is paused or was stopped, its last step changed nothing, or no step was done for unusually long. Unhealthy: it failed.
/// </summary>
/// <remarks>The data of a result: <c>run</c>, <c>state</c>, <c>step</c>, <c>total_steps</c>, and, once known, <c>loss</c>, <c>skipped_steps</c>, <c>seconds_since_step</c>, <c>seconds_of_step</c>, <c>metric</c>, <c>value</c>.</remarks>
/// <param name="run">The run.</param>
/// <param name="options">What unusually long is.</param>
public sealed class TrainingHealthCheck(TrainingRun run, TrainingHealthOptions? options = null) : IHealthCheck
{
    private readonly TrainingHealthOptions _options = options ?? new TrainingHealthOptions();

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(Check(context?.Registration.FailureStatus ?? HealthStatus.Unhealthy));

    private HealthCheckResult Check(HealthStatus failure)
    {
        var state = run.State;
        var pulse = run.Pulse;
        var silence = pulse.Last == 0 ? TimeSpan.Zero : run.Time.GetElapsedTime(pulse.Last);
        var data = Data(state, silence);
        HealthCheckResult Is(HealthStatus status, string text) => new(status, $"{run.Name} {text}", null, data);
        string at = string.Create(CultureInfo.InvariantCulture, $"at step {data["step"]}");
        return state switch
        {
            RunState.Failed => Is(failure, $"failed {at}: {run.History.Ended?.Reason}"),
            RunState.Paused => Is(HealthStatus.Degraded, $"is paused {at}"),
            RunState.Interrupted => Is(HealthStatus.Degraded, $"was stopped {at}; the next start goes on"),
            RunState.Training when pulse.SkippedInARow > 0 => Is(HealthStatus.Degraded, string.Create(CultureInfo.InvariantCulture, $"learns nothing {at}: the gradients of the last {pulse.SkippedInARow} steps were not finite")),
            RunState.Training when silence > Longest() => Is(HealthStatus.Degraded, string.Create(CultureInfo.InvariantCulture, $"has done no step for {silence.TotalSeconds:0.0} s {at}; one usually takes {Usual().TotalSeconds:0.000} s")),
            RunState.Finished => Is(HealthStatus.Healthy, $"is finished {at}"),
            RunState.Training => Is(HealthStatus.Healthy, $"trains {at}"),
            _ => Is(HealthStatus.Healthy, $"is {state.ToString().ToLowerInvariant()}"),
        };
    }

    private TimeSpan Usual() => run.Time.GetElapsedTime(0, run.Pulse.TicksOfStep);

    private TimeSpan Longest()
    {
        double seconds = Math.Max(_options.UsualSteps * Usual().TotalSeconds, 2 * run.Pulse.EvaluationSeconds);
        return TimeSpan.FromSeconds(Math.Max(seconds, _options.Least.TotalSeconds));
    }

    private Dictionary<string, object> Data(RunState state, TimeSpan silence)
    {
        var data = new Dictionary<string, object> { ["run"] = run.Name, ["state"] = state.ToString(), ["step"] = Math.Max(run.Pulse.Steps, run.History.Started?.Step ?? 0) };
        if (run.History.Started is { } started) data["total_steps"] = started.TotalSteps;
        if (run.History.Of<LossRead>() is [.., var loss]) (data["loss"], data["skipped_steps"]) = (loss.Loss, loss.SkippedSteps);
        if (run.History.Of<EvaluationRead>() is [.., var evaluation]) (data["metric"], data["value"]) = (evaluation.Metric, evaluation.Value);
        if (run.Pulse.TicksOfStep > 0) (data["seconds_since_step"], data["seconds_of_step"]) = (silence.TotalSeconds, Usual().TotalSeconds);
        return data;
    }
}
