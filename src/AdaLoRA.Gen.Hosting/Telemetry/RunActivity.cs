using System.Diagnostics;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Activities of a run. All methods do nothing when nobody listens: there is no activity then.</summary>
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

    /// <summary>A part of the run.</summary>
    public static Activity? Start(string name, int? step = null)
    {
        var activity = AdaLoRATelemetry.Activities.StartActivity(name);
        if (step is { } done) activity?.SetTag(AdaLoRATelemetry.Step, done);
        return activity;
    }

    /// <summary>What is known once the run is prepared, on the run's activity.</summary>
    public static void Prepared(string run, string device)
    {
        for (var activity = Activity.Current; activity is not null; activity = activity.Parent)
        {
            if (activity.OperationName == AdaLoRATelemetry.RunActivity && activity.Source.Name == AdaLoRATelemetry.ActivitySourceName)
            {
                activity.SetTag(AdaLoRATelemetry.RunId, run).SetTag(AdaLoRATelemetry.Device, device);
                return;
            }
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
