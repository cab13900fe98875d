using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Completes what <c>AddAdaLoRAPredictor</c> began.</summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
public sealed class AdaLoRAPredictorBuilder<TModel>
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    private readonly PredictorParts<TModel> _parts;

    internal AdaLoRAPredictorBuilder(IServiceCollection services, string name, PredictorParts<TModel> parts) => (Services, Name, _parts) = (services, name, parts);

    /// <summary>The app's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Key of the predictor's services; without a name of its own, the name of the model.</summary>
    public string Name { get; }

    /// <summary>
    /// Makes the base model, without adapters; without it the container calls the model's constructor. It is called at the start and once more at the first swap, whose instance then shares the
    /// weights of the first: until it does, memory holds both. What it makes belongs to the predictor.
    /// </summary>
    /// <param name="factory">The same model each time, a new instance each time.</param>
    public AdaLoRAPredictorBuilder<TModel> UseModel(Func<IServiceProvider, TModel> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        _parts.Create = factory;
        return this;
    }

    /// <summary>Overrides values of configuration.</summary>
    /// <param name="configure">Later calls come after earlier ones.</param>
    public AdaLoRAPredictorBuilder<TModel> Configure(Action<PredictorOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Services.Configure(Name, configure);
        return this;
    }

    /// <summary>
    /// Looks at every adapter before it serves, the first and each that is swapped in, with the model in evaluation mode and without gradients: a forward of a typical input warms it up, and what is thrown refuses the
    /// adapter. The last call wins.
    /// </summary>
    /// <param name="check">Gets the model and the adapter that is on it.</param>
    public AdaLoRAPredictorBuilder<TModel> CheckAdapter(Action<IServiceProvider, TModel, AdapterInfo> check)
    {
        ArgumentNullException.ThrowIfNull(check);
        _parts.Check = check;
        return this;
    }

    /// <summary>Adds an <see cref="IBatchPredictor{TModel, TInput, TOutput}"/>, which computes requests that wait together as one batch; under the predictor's key, and without a key where the predictor has no name of its own.</summary>
    /// <typeparam name="TInput">What a request is.</typeparam>
    /// <typeparam name="TOutput">What it gets.</typeparam>
    /// <typeparam name="TForward">Made once, with what the container holds.</typeparam>
    public AdaLoRAPredictorBuilder<TModel> UseBatches<TInput, TOutput, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TForward>()
        where TForward : class, IBatchForward<TModel, TInput, TOutput>
    {
        string name = Name;
        Services.TryAddKeyedSingleton<IBatchPredictor<TModel, TInput, TOutput>>(name, (provider, _) => new BatchQueue<TModel, TInput, TOutput>(
            provider.GetRequiredKeyedService<AdapterPredictor<TModel>>(name), ActivatorUtilities.GetServiceOrCreateInstance<TForward>(provider)));
        if (!_parts.IsNamed) Services.TryAddSingleton(provider => provider.GetRequiredKeyedService<IBatchPredictor<TModel, TInput, TOutput>>(name));
        return this;
    }
}

/// <summary>What the builder of a predictor gathers.</summary>
/// <param name="isNamed">Whether it has a name of its own.</param>
internal sealed class PredictorParts<TModel>(bool isNamed)
{
    public bool IsNamed => isNamed;

    public Func<IServiceProvider, TModel>? Create { get; set; }

    public Action<IServiceProvider, TModel, AdapterInfo>? Check { get; set; }
}
