using System.Diagnostics;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Activities of a run. All of it does nothing when nobody listens: there is no activity then.</summary>
internal static class RunActivity
{
    /// <summary>The run's own; on the thread that trains, so that what a task does there stands below it.</summary>
    public static Activity? StartRun(TrainingRun run)
    {
        var activity = AdaLoRATelemetry.Activities.StartActivity(AdaLoRATelemetry.RunActivity);
        if (activity is null) return null;
        activity.DisplayName = $"train {run.Name}";
        return activity.SetTag(AdaLoRATelemetry.RunName, run.Name).SetTag(AdaLoRATelemetry.ModelName, run.Model);
    }

    /// <summary>What is known once the run is prepared.</summary>
    public static void Prepared(string run, Device device)
    {
        // The current one may be somebody else's when this source is not sampled.
        if (Activity.Current is not { OperationName: AdaLoRATelemetry.RunActivity } activity) return;
        activity.SetTag(AdaLoRATelemetry.RunId, run).SetTag(AdaLoRATelemetry.Device, device.ToString());
    }

    /// <summary>Does a part of the run within an activity of its own.</summary>
    public static T In<T>(string name, int? step, Func<T> part)
    {
        using var activity = AdaLoRATelemetry.Activities.StartActivity(name);
        if (step is { } done) activity?.SetTag(AdaLoRATelemetry.Step, done);
        try
        {
            return part();
        }
        catch (Exception e) when (activity is not null)
        {
            activity.Failed(e);
            throw;
        }
    }

    /// <summary>The run came to an end.</summary>
    public static void Ended(this Activity activity, TrainingResult result) =>
        activity.SetTag(AdaLoRATelemetry.Step, result.Steps).SetTag(AdaLoRATelemetry.Outcome, result.Interrupted ? "interrupted" : "finished");

    /// <summary>The activity failed.</summary>
    public static void Failed(this Activity activity, Exception e)
    {
        activity.SetStatus(ActivityStatusCode.Error, e.Message);
        activity.SetTag(AdaLoRATelemetry.ErrorType, e.GetType().FullName);
        activity.AddException(e);
    }
}
