using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Completes what <c>AddAdaLoRA</c> began.</summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
public sealed class AdaLoRABuilder<TModel> : IAdaLoRABuilder
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    private readonly RunServices<TModel> _run;

    internal AdaLoRABuilder(RunServices<TModel> run) => _run = run;

    /// <inheritdoc/>
    public IServiceCollection Services => _run.Services;

    /// <inheritdoc/>
    public string Name => _run.Name;

    /// <summary>Names the task: batches, loss and metric. It is made once a run, with what the container holds. The last call wins.</summary>
    /// <typeparam name="TTask">Usually derived from <see cref="TrainingTask{TModel, TBatch}"/>.</typeparam>
    public AdaLoRABuilder<TModel> UseTask<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TTask>()
        where TTask : class, ITrainingTask<TModel>
    {
        _run.Replace<ITrainingTask<TModel>>(provider => ActivatorUtilities.CreateInstance<TTask>(provider));
        return this;
    }

    /// <summary>As <see cref="UseTask{TTask}()"/>, with the task made by the caller.</summary>
    /// <param name="factory">Called once a run, when it starts.</param>
    public AdaLoRABuilder<TModel> UseTask(Func<IServiceProvider, ITrainingTask<TModel>> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        _run.Replace(factory);
        return this;
    }

    /// <summary>Makes the model; without it the container calls its constructor. The generator is seeded before, so that what the factory draws depends on <see cref="TrainingOptions.Seed"/> alone.</summary>
    /// <param name="factory">Loads or builds the model; called once a run, when it starts.</param>
    public AdaLoRABuilder<TModel> UseModel(Func<IServiceProvider, TModel> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        _run.Replace(provider =>
        {
            _run.Seed(provider);
            return factory(provider);
        });
        return this;
    }

    /// <summary>Overrides values of attribute and configuration.</summary>
    /// <param name="configure">Later calls come after earlier ones.</param>
    public AdaLoRABuilder<TModel> Configure(Action<TrainingOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Services.Configure(Name, configure);
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
