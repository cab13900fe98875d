using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Completes what <c>AddAdaLoRA</c> began.</summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
public sealed class AdaLoRABuilder<TModel>
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    internal AdaLoRABuilder(IServiceCollection services) => Services = services;

    /// <summary>The app's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Names the task: batches, loss and metric. It is made once, with what the container holds. The last call wins.</summary>
    /// <typeparam name="TTask">Usually derived from <see cref="TrainingTask{TModel, TBatch}"/>.</typeparam>
    public AdaLoRABuilder<TModel> UseTask<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TTask>()
        where TTask : class, ITrainingTask<TModel>
    {
        Services.Replace(ServiceDescriptor.Singleton<ITrainingTask<TModel>, TTask>());
        return this;
    }

    /// <summary>Makes the model; without it the container calls its constructor. The generator is seeded before, so that what the factory draws depends on <see cref="TrainingOptions.Seed"/> alone.</summary>
    /// <param name="factory">Loads or builds the model; called once, when training starts.</param>
    public AdaLoRABuilder<TModel> UseModel(Func<IServiceProvider, TModel> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        Services.Replace(ServiceDescriptor.Singleton(provider =>
        {
            provider.SeedFor(TModel.Plan.ModelName);
            return factory(provider);
        }));
        return this;
    }

    /// <summary>Overrides values of attribute and configuration.</summary>
    /// <param name="configure">Later calls come after earlier ones.</param>
    public AdaLoRABuilder<TModel> Configure(Action<TrainingOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Services.Configure(TModel.Plan.ModelName, configure);
        return this;
    }

    /// <summary>Adds an observer of all runs of the app.</summary>
    /// <typeparam name="TObserver">Made once, with what the container holds.</typeparam>
    public AdaLoRABuilder<TModel> AddObserver<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TObserver>()
        where TObserver : class, ITrainingObserver
    {
        Services.TryAddEnumerable(ServiceDescriptor.Singleton<ITrainingObserver, TObserver>());
        return this;
    }
}
