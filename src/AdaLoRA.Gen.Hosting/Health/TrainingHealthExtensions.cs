using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Health checks of runs.</summary>
public static class TrainingHealthExtensions
{
    /// <summary>Adds a health check of the run, under the run's name and the tag "training"; see <see cref="TrainingHealthCheck"/>. An ASP.NET Core app shows it with <c>MapHealthChecks</c>.</summary>
    /// <param name="builder">A run.</param>
    /// <param name="configure">When the run counts as one that no longer gets on.</param>
    public static TBuilder AddHealthCheck<TBuilder>(this TBuilder builder, Action<TrainingHealthOptions>? configure = null)
        where TBuilder : IAdaLoRABuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        string name = builder.Name;
        var options = new TrainingHealthOptions();
        configure?.Invoke(options);
        if (!(options.UsualSteps > 1)) throw new AdaLoRAException(FormattableString.Invariant($"UsualSteps is {options.UsualSteps}; it must be above 1."));
        if (options.Least < TimeSpan.Zero) throw new AdaLoRAException($"Least is {options.Least}; it must not be negative.");
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            name, provider => new TrainingHealthCheck(provider.GetRequiredKeyedService<TrainingRun>(name), options), failureStatus: null, tags: ["training"]));
        return builder;
    }
}
