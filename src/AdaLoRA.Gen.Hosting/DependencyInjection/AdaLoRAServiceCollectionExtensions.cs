using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The door of the room: training as a hosted service.</summary>
/// <remarks>
/// An app may have several runs, of one model or of many. They train one after another, in the order in which they were added. Each has a name, by default its model's: the name of its options
/// (<see cref="IOptionsMonitor{TOptions}"/>), of its section below <c>AdaLoRA</c>, and the key of its services (<see cref="Trainer{TModel}"/>, <see cref="TrainingRun"/>, the model and the task).
/// </remarks>
public static class AdaLoRAServiceCollectionExtensions
{
    /// <summary>Configuration section that holds a sub-section for every run.</summary>
    public const string RootSection = "AdaLoRA";

    private const DynamicallyAccessedMemberTypes Constructors = DynamicallyAccessedMemberTypes.PublicConstructors;

    /// <summary>
    /// Adds training of one annotated model. Options come from the attribute, then from the section <c>AdaLoRA:&lt;ModelName&gt;</c> of the app's configuration, then from
    /// <paramref name="configure"/>; they are checked when the host starts, all failures at once. Calling it again only adds another <paramref name="configure"/>.
    /// </summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configure">Overrides configuration.</param>
    /// <returns>A builder that still needs a task.</returns>
    public static AdaLoRABuilder<TModel> AddAdaLoRA<[DynamicallyAccessedMembers(Constructors)] TModel>(this IServiceCollection services, Action<TrainingOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel> =>
        services.Add<TModel>(TModel.Plan.ModelName, section: null, configure);

    /// <summary>As <see cref="AddAdaLoRA{TModel}(IServiceCollection, Action{TrainingOptions})"/>, with the options in a section of the caller's choice.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="section">Holds the values of <see cref="TrainingOptions"/>.</param>
    /// <param name="configure">Overrides configuration.</param>
    public static AdaLoRABuilder<TModel> AddAdaLoRA<[DynamicallyAccessedMembers(Constructors)] TModel>(this IServiceCollection services, IConfigurationSection section, Action<TrainingOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(section);
        return services.Add<TModel>(TModel.Plan.ModelName, section, configure);
    }

    /// <summary>Adds a run of a name of its own, so that one model can be trained several times: with other seeds, budgets, tasks. Options come from the section <c>AdaLoRA:&lt;name&gt;</c>.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="name">Letters, digits, '.', '_' and '-'. Its output folder is <c>out/&lt;name&gt;</c> unless it is given one.</param>
    /// <param name="configure">Overrides configuration.</param>
    /// <exception cref="AdaLoRAException">The name cannot be used, or a run of another model has it.</exception>
    public static AdaLoRABuilder<TModel> AddAdaLoRA<[DynamicallyAccessedMembers(Constructors)] TModel>(this IServiceCollection services, string name, Action<TrainingOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(name);
        return services.Add<TModel>(name, section: null, configure);
    }

    /// <summary>As <see cref="AddAdaLoRA{TModel}(IServiceCollection, string, Action{TrainingOptions})"/>, with the options in a section of the caller's choice.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="name">Letters, digits, '.', '_' and '-'.</param>
    /// <param name="section">Holds the values of <see cref="TrainingOptions"/>.</param>
    /// <param name="configure">Overrides configuration.</param>
    /// <exception cref="AdaLoRAException">The name cannot be used, or a run of another model has it.</exception>
    public static AdaLoRABuilder<TModel> AddAdaLoRA<[DynamicallyAccessedMembers(Constructors)] TModel>(this IServiceCollection services, string name, IConfigurationSection section, Action<TrainingOptions>? configure = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(section);
        return services.Add<TModel>(name, section, configure);
    }

    private static AdaLoRABuilder<TModel> Add<[DynamicallyAccessedMembers(Constructors)] TModel>(this IServiceCollection services, string name, IConfigurationSection? section, Action<TrainingOptions>? configure)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(services);
        if (!RunRegistration.IsName(name)) throw new AdaLoRAException($"'{name}' cannot be the name of a run; use up to 100 letters, digits, '.', '_' and '-', with no '.' at the start.");
        var run = new RunServices<TModel>(services, name);
        var builder = new AdaLoRABuilder<TModel>(run);
        var known = services.Select(s => s.IsKeyedService ? null : s.ImplementationInstance).OfType<RunRegistration>().FirstOrDefault(r => r.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (known is not null && (known.Model != typeof(TModel) || known.Name != name)) throw new AdaLoRAException($"There is a run '{known.Name}' of {known.Model.Name} already; give the run of {typeof(TModel).Name} another name.");
        if (known is null)
        {
            services.AddSingleton(new RunRegistration(name, typeof(TModel)));
            AddShared(services);
            AddOptions<TModel>(services, name, section);
            AddRun(run);
        }
        if (configure is not null) builder.Configure(configure);
        return builder;
    }

    private static void AddOptions<TModel>(IServiceCollection services, string name, IConfigurationSection? section)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        IConfiguration Section(IServiceProvider provider) => section ?? (provider.GetService<IConfiguration>() ?? new ConfigurationManager()).GetSection($"{RootSection}:{name}");
        services.AddOptions<TrainingOptions>(name)
            .Configure<IServiceProvider>((options, provider) =>
            {
                options.Adapter = TModel.Plan.CreateOptions();
                if (name != TModel.Plan.ModelName) options.OutputFolder = Path.Combine(options.OutputFolder, name);
                SectionBinder.Bind(Section(provider), options);
            })
            .ValidateOnStart();
        services.AddSingleton<IOptionsChangeTokenSource<TrainingOptions>>(provider => new ConfigurationChangeTokenSource<TrainingOptions>(name, Section(provider)));
        services.AddSingleton(new RunSection(name, section?.Path ?? $"{RootSection}:{name}"));
        services.AddSingleton<IValidateOptions<TrainingOptions>>(provider => new TrainingOptionsValidator(name, provider.GetRequiredService<OutputFolders>(), () => Unread(provider, name)));
    }

    // The first run of the app tells it for all.
    private static IEnumerable<string> Unread(IServiceProvider provider, string run)
    {
        RunSection[] known = [.. provider.GetServices<RunSection>()];
        return known[0].Run == run ? RunSections.Unread(provider.GetService<IConfiguration>(), known, provider.GetServices<PackageSection>()) : [];
    }

    private static void AddRun<[DynamicallyAccessedMembers(Constructors)] TModel>(RunServices<TModel> run)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        string name = run.Name;
        run.Services.AddKeyedSingleton(name, (provider, _) => new TrainingRun(name, TModel.Plan.ModelName, provider.GetService<TimeProvider>()));
        run.TryAdd(run.Create);
        run.TryAdd(provider => new Trainer<TModel>(
            run.Model(provider),
            run.Task(provider) ?? throw new AdaLoRAException($"{name} has no task; add .UseTask<TTask>() after AddAdaLoRA<{TModel.Plan.ModelName}>({(name == TModel.Plan.ModelName ? "" : $"\"{name}\"")})."),
            run.Options(provider),
            provider.GetServices<ITrainingObserver>(),
            provider.GetRequiredKeyedService<TrainingRun>(name)));
        run.TryAdd(provider => new TrainingService<TModel>(
            provider, provider.GetRequiredKeyedService<TrainingRun>(name), provider.GetRequiredService<TrainingGroup>(), provider.GetRequiredService<ILoggerFactory>()));
        run.Services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<TrainingService<TModel>>(name));
    }

    private static void AddShared(IServiceCollection services)
    {
        services.TryAddSingleton<OutputFolders>();
        services.TryAddSingleton<TrainingGroup>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITrainingObserver, LoggingObserver>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITrainingObserver, ConsoleProgress>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITrainingObserver, TrainingMetrics>());
        services.TryAddSingleton(provider => new TrainingRuns(provider.GetServices<RunRegistration>().Select(r => provider.GetRequiredKeyedService<TrainingRun>(r.Name))));
    }
}
