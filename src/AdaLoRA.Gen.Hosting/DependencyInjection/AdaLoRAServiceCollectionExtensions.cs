using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The door of the room: training as a hosted service.</summary>
public static class AdaLoRAServiceCollectionExtensions
{
    /// <summary>Configuration section that holds a sub-section for every model.</summary>
    public const string RootSection = "AdaLoRA";

    /// <summary>
    /// Adds training of one annotated model. Options come from the attribute, then from the section <c>AdaLoRA:&lt;ModelName&gt;</c> of the app's configuration, then from
    /// <paramref name="configure"/>; they are checked when the host starts, all failures at once. Calling it again only adds another <paramref name="configure"/>.
    /// </summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configure">Overrides configuration.</param>
    /// <returns>A builder that still needs a task.</returns>
    public static AdaLoRABuilder<TModel> AddAdaLoRA<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TModel>(
        this IServiceCollection services, Action<TrainingOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel> =>
        services.Add<TModel>(sp => sp.GetService<IConfiguration>()?.GetSection($"{RootSection}:{TModel.Plan.ModelName}"), configure);

    /// <summary>As <see cref="AddAdaLoRA{TModel}(IServiceCollection, Action{TrainingOptions})"/>, with the options in a section of the caller's choice.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="section">Holds the values of <see cref="TrainingOptions"/>.</param>
    /// <param name="configure">Overrides configuration.</param>
    public static AdaLoRABuilder<TModel> AddAdaLoRA<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TModel>(
        this IServiceCollection services, IConfigurationSection section, Action<TrainingOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(section);
        return services.Add<TModel>(_ => section, configure);
    }

    private static AdaLoRABuilder<TModel> Add<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TModel>(
        this IServiceCollection services, Func<IServiceProvider, IConfigurationSection?> section, Action<TrainingOptions>? configure)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(services);
        string name = TModel.Plan.ModelName;
        var builder = new AdaLoRABuilder<TModel>(services);
        if (services.All(s => s.ServiceType != typeof(Marker<TModel>)))
        {
            services.AddSingleton(new Marker<TModel>());
            services.AddOptions<TrainingOptions>(name)
                .Configure<IServiceProvider>((options, provider) =>
                {
                    options.Adapter = TModel.Plan.CreateOptions();
                    if (section(provider) is { } found) SectionBinder.Bind(found, options);
                })
                .ValidateOnStart();
            services.AddSingleton<IValidateOptions<TrainingOptions>>(new TrainingOptionsValidator(name));
            services.TryAddEnumerable(ServiceDescriptor.Singleton<ITrainingObserver, LoggingObserver>());
            services.TryAddEnumerable(ServiceDescriptor.Singleton<ITrainingObserver, ConsoleProgress>());
            services.TryAddSingleton(provider =>
            {
                // A head that the constructor draws must be the same in every run of one seed.
                provider.SeedFor(name);
                return ActivatorUtilities.CreateInstance<TModel>(provider);
            });
            services.TryAddSingleton(provider => new Trainer<TModel>(
                provider.GetRequiredService<TModel>(),
                provider.GetService<ITrainingTask<TModel>>() ?? throw new AdaLoRAException($"{name} has no task; add .UseTask<TTask>() after AddAdaLoRA<{name}>()."),
                provider.GetRequiredService<IOptionsMonitor<TrainingOptions>>().Get(name),
                provider.GetServices<ITrainingObserver>()));
            services.TryAddSingleton<TrainingGroup>();
            services.TryAddSingleton<TrainingService<TModel>>();
            services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<TrainingService<TModel>>());
        }
        if (configure is not null) builder.Configure(configure);
        return builder;
    }

    internal static void SeedFor(this IServiceProvider provider, string name)
    {
        using var generator = torch.manual_seed(provider.GetRequiredService<IOptionsMonitor<TrainingOptions>>().Get(name).Seed);
    }

    private sealed class Marker<TModel>;
}
