using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The door of prediction: a trained adapter as a service.</summary>
public static class PredictorServiceCollectionExtensions
{
    /// <summary>Configuration section that holds a sub-section for every predictor.</summary>
    public const string PredictorsSection = "AdaLoRA:Predictors";

    /// <summary>
    /// Adds the predictor of a model: an <see cref="IAdapterPredictor{TModel}"/> with the options of the section <c>AdaLoRA:Predictors:&lt;ModelName&gt;</c>, which the host starts and stops. Options are checked when the host
    /// starts, all failures at once. Calling it again only adds another <paramref name="configure"/>.
    /// </summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configure">Overrides configuration.</param>
    /// <returns>A builder that says where the base model comes from.</returns>
    public static AdaLoRAPredictorBuilder<TModel> AddAdaLoRAPredictor<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TModel>(
        this IServiceCollection services, Action<PredictorOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel> =>
        services.Add<TModel>(TModel.Plan.ModelName, isNamed: false, section: null, configure);

    /// <summary>Adds one of several predictors: keyed services under its name, with the options of the section <c>AdaLoRA:Predictors:&lt;Name&gt;</c>.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="name">The key, and the sub-section.</param>
    /// <param name="configure">Overrides configuration.</param>
    public static AdaLoRAPredictorBuilder<TModel> AddAdaLoRAPredictor<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TModel>(
        this IServiceCollection services, string name, Action<PredictorOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return services.Add<TModel>(name, isNamed: true, section: null, configure);
    }

    /// <summary>As <see cref="AddAdaLoRAPredictor{TModel}(IServiceCollection, Action{PredictorOptions})"/>, with the options in a section of the caller's choice.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="section">Holds the values of <see cref="PredictorOptions"/>.</param>
    /// <param name="configure">Overrides configuration.</param>
    public static AdaLoRAPredictorBuilder<TModel> AddAdaLoRAPredictor<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TModel>(
        this IServiceCollection services, IConfigurationSection section, Action<PredictorOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(section);
        return services.Add<TModel>(TModel.Plan.ModelName, isNamed: false, section, configure);
    }

    private static AdaLoRAPredictorBuilder<TModel> Add<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TModel>(
        this IServiceCollection services, string name, bool isNamed, IConfigurationSection? section, Action<PredictorOptions>? configure)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(services);
        var parts = services.Where(s => s.IsKeyedService && s.ServiceType == typeof(PredictorParts<TModel>) && name.Equals(s.ServiceKey)).Select(s => (PredictorParts<TModel>)s.KeyedImplementationInstance!).FirstOrDefault();
        if (parts is null)
        {
            parts = new PredictorParts<TModel>(isNamed);
            services.AddKeyedSingleton(name, parts);
            AddOptions(services, name, section);
            services.AddKeyedSingleton(name, (provider, _) => Create(provider, name, parts));
            services.TryAddKeyedSingleton<IAdapterPredictor<TModel>>(name, (provider, _) => provider.GetRequiredKeyedService<AdapterPredictor<TModel>>(name));
            if (!isNamed) services.TryAddSingleton<IAdapterPredictor<TModel>>(provider => provider.GetRequiredKeyedService<AdapterPredictor<TModel>>(name));
            services.AddSingleton<IAdapterPredictor>(provider => provider.GetRequiredKeyedService<AdapterPredictor<TModel>>(name));
            services.AddSingleton<IHostedService>(provider => new PredictorService<TModel>(provider, name));
        }
        var builder = new AdaLoRAPredictorBuilder<TModel>(services, name, parts);
        if (configure is not null) builder.Configure(configure);
        return builder;
    }

    private static void AddOptions(IServiceCollection services, string name, IConfigurationSection? section)
    {
        string path = section?.Path ?? $"{PredictorsSection}:{name}";
        services.AddOptions<PredictorOptions>(name)
            .Configure<IServiceProvider>((options, provider) =>
            {
                if ((section ?? provider.GetService<IConfiguration>()?.GetSection(path)) is { } found) PredictorOptionsBinder.Bind(found, options);
            })
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<PredictorOptions>>(new PredictorOptionsValidator(name, path));
    }

    private static AdapterPredictor<TModel> Create<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TModel>(IServiceProvider provider, string name, PredictorParts<TModel> parts)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel> =>
        new(
            () => parts.Create is { } create ? create(provider) : ActivatorUtilities.CreateInstance<TModel>(provider),
            provider.GetRequiredService<IOptionsMonitor<PredictorOptions>>().Get(name),
            name,
            provider.GetService<ILoggerFactory>(),
            provider.GetService<TimeProvider>())
        {
            Check = parts.Check is { } check ? (model, adapter) => check(provider, model, adapter) : null,
        };
}
