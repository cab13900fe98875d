using Microsoft.Extensions.DependencyInjection;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What can be said of a run without knowing its model.</summary>
public static class AdaLoRABuilderExtensions
{
    /// <summary>Lets the app live on when its last run has ended: a web app that shows or uses what was trained. Without it the app stops then, with the run's exit code.</summary>
    /// <param name="builder">Any run of the app; it holds for all of them.</param>
    public static TBuilder KeepAppRunning<TBuilder>(this TBuilder builder)
        where TBuilder : IAdaLoRABuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure<TrainingHostOptions>(o => o.StopAppWhenDone = false);
        return builder;
    }
}
