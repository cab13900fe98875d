using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Starts a predictor with the host, so that a bad adapter stops the app before it listens, and lets it answer what it has when the host stops.</summary>
/// <param name="services">The predictor is made when the host starts, after the options were checked.</param>
/// <param name="key">Its name.</param>
internal sealed class PredictorService<TModel>(IServiceProvider services, string key) : IHostedService
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    private AdapterPredictor<TModel>? _predictor;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _predictor = services.GetRequiredKeyedService<AdapterPredictor<TModel>>(key);
        return _predictor.StartAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _predictor?.StopAsync(cancellationToken) ?? Task.CompletedTask;
}
