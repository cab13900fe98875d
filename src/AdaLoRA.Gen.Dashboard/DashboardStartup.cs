using Microsoft.Extensions.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>Tells in the log where the dashboard is, or that it is nowhere.</summary>
internal sealed class DashboardStartup(DashboardLinks links, IOptions<DashboardOptions> options, ILogger<DashboardStartup> logger, IHostApplicationLifetime lifetime) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(() =>
        {
            if (!links.IsMapped) Log.NotMapped(logger);
            foreach (var link in links.All()) Log.Address(logger, link.AbsoluteUri);
            if (options.Value is { AllowRemote: true, ReadPolicy: null }) Log.Remote(logger);
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
