using AdaLoRA.Gen.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>The services of the dashboard.</summary>
public static class DashboardServiceCollectionExtensions
{
    /// <summary>
    /// Adds the dashboard; <see cref="DashboardEndpointRouteBuilderExtensions.MapAdaLoRADashboard"/> says where it is. It shows the runs that <c>AddAdaLoRA</c> registered, every <see cref="AdaLoRA.Gen.Hosting.TrainingRun"/>
    /// that the container has besides (a trainer's <c>Run</c>, say), and past runs. Options come from the configuration section <c>AdaLoRA:Dashboard</c>, then from <paramref name="configure"/>; they are checked when the app
    /// starts, all failures at once. Calling it again only adds another <paramref name="configure"/>.
    /// </summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configure">Overrides configuration.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddAdaLoRADashboard(this IServiceCollection services, Action<DashboardOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.All(s => s.ServiceType != typeof(DashboardLinks)))
        {
            services.AddRouting();
            services.TryAddSingleton(TimeProvider.System);
            services.AddOptions<DashboardOptions>()
                .Configure<IServiceProvider>((options, provider) =>
                {
                    if (provider.GetService<IConfiguration>()?.GetSection(DashboardSection.Path) is { } section) DashboardSection.Bind(section, options);
                })
                .ValidateOnStart();
            services.AddSingleton<IValidateOptions<DashboardOptions>>(provider => new DashboardOptionsValidator(provider));
            services.AddSingleton(new PackageSection(DashboardSection.Path));
            services.AddSingleton<ControlToken>();
            services.AddSingleton<RefusalLog>();
            services.AddSingleton<ReadAccess>();
            services.AddSingleton<ControlAccess>();
            services.AddSingleton<RunCatalog>();
            services.AddSingleton<Broadcasters>();
            services.AddSingleton<RunEndpoints>();
            services.AddSingleton<StreamEndpoint>();
            services.AddSingleton(provider => new DashboardLinks(provider));
            services.AddHostedService<DashboardStartup>();
        }
        if (configure is not null) services.Configure(configure);
        return services;
    }
}
