using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// The services of one run. All are keyed by its name; those of a run that bears its model's name are there without a key, too, and what the app registered without one (a task, a model) is taken for it.
/// </summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
internal sealed class RunServices<TModel>(IServiceCollection services, string name)
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    public IServiceCollection Services => services;

    public string Name => name;

    private bool IsDefault => name == TModel.Plan.ModelName;

    /// <summary>Adds a singleton unless the app has one.</summary>
    public void TryAdd<TService>(Func<IServiceProvider, TService> factory) where TService : class
    {
        if (IsDefault)
        {
            services.TryAddSingleton(factory);
            services.TryAddKeyedSingleton(name, (provider, _) => provider.GetRequiredService<TService>());
        }
        else
        {
            services.TryAddKeyedSingleton(name, (provider, _) => factory(provider));
        }
    }

    /// <summary>Takes the place of an earlier one.</summary>
    public void Replace<TService>(Func<IServiceProvider, TService> factory) where TService : class
    {
        if (IsDefault) services.RemoveAll<TService>();
        services.RemoveAllKeyed<TService>(name);
        TryAdd(factory);
    }

    /// <summary>The run's own, or null. A task that the app registered without a key serves all its runs.</summary>
    public ITrainingTask<TModel>? Task(IServiceProvider provider) => provider.GetKeyedService<ITrainingTask<TModel>>(name) ?? provider.GetService<ITrainingTask<TModel>>();

    public TModel Model(IServiceProvider provider) => provider.GetRequiredKeyedService<TModel>(name);

    public TrainingOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptionsMonitor<TrainingOptions>>().Get(name);

    /// <summary>A head that the constructor draws must be the same in every run of one seed.</summary>
    public void Seed(IServiceProvider provider)
    {
        using var generator = torch.manual_seed(Options(provider).Seed);
    }

    [UnconditionalSuppressMessage("Trimming", "IL2091", Justification = "AddAdaLoRA asks for the constructors of TModel.")]
    public TModel Create(IServiceProvider provider)
    {
        Seed(provider);
        return ActivatorUtilities.CreateInstance<TModel>(provider);
    }
}
