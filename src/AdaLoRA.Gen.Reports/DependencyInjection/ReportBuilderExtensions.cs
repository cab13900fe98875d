using AdaLoRA.Gen.Reports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Reports in a hosted app.</summary>
public static class ReportBuilderExtensions
{
    /// <summary>
    /// Writes the run's report into its output folder when it has ended: finished, interrupted or failed (after its first step could be taken). It is written beside the training thread and before the host ends; a report that cannot
    /// be written is a warning in the log, never a failed run.
    /// </summary>
    /// <param name="builder">The run.</param>
    public static TBuilder AddReport<TBuilder>(this TBuilder builder)
        where TBuilder : IAdaLoRABuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        string name = builder.Name;
        if (builder.Services.All(s => s.ImplementationInstance is not ReportedRun reported || reported.Name != name)) builder.Services.AddSingleton(new ReportedRun(name));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ReportService>());
        return builder;
    }
}
