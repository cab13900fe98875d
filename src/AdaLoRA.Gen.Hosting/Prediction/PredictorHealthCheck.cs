using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Healthy while the predictor serves what it was told to; degraded after a swap that failed, until one succeeds; unhealthy (or what the registration says) while it does not serve.</summary>
/// <param name="predictor">Asked only, never started.</param>
internal sealed class PredictorHealthCheck(IAdapterPredictor predictor) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!predictor.IsReady) return Task.FromResult(new HealthCheckResult(context.Registration.FailureStatus, $"The predictor '{predictor.Name}' does not serve: it starts, or stops."));
        var (adapter, load) = (predictor.Adapter, predictor.Load);
        var data = new Dictionary<string, object>
        {
            ["version"] = adapter.Version,
            ["folder"] = adapter.Folder,
            ["digest"] = adapter.Digest,
            ["waiting"] = load.Waiting,
            ["running"] = load.Running,
        };
        return Task.FromResult(predictor.LastSwapFailure is { } failure
            ? HealthCheckResult.Degraded($"The predictor '{predictor.Name}' serves version {adapter.Version}; the last swap failed: {failure}", data: data)
            : HealthCheckResult.Healthy($"The predictor '{predictor.Name}' serves version {adapter.Version}.", data));
    }
}

/// <summary>Adds health checks of predictors.</summary>
public static class PredictorHealthCheckExtensions
{
    /// <summary>Adds a check that is healthy while a predictor serves, and degraded after a swap that failed.</summary>
    /// <param name="builder">From <c>AddHealthChecks()</c>.</param>
    /// <param name="predictor">Name of the predictor. Null (default): the one without a name of its own.</param>
    /// <param name="name">Name of the check. Null (default): <c>adalora-predictor</c>, with the predictor's name behind it where it has one.</param>
    /// <param name="failureStatus">While it does not serve. Null (default): unhealthy.</param>
    /// <param name="tags">As those of other checks, such as "ready".</param>
    public static IHealthChecksBuilder AddAdaLoRAPredictor<TModel>(this IHealthChecksBuilder builder, string? predictor = null, string? name = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(builder);
        name ??= predictor is null ? "adalora-predictor" : $"adalora-predictor-{predictor}";
        string key = predictor ?? TModel.Plan.ModelName;
        return builder.Add(new HealthCheckRegistration(name, provider => new PredictorHealthCheck(provider.GetRequiredKeyedService<IAdapterPredictor<TModel>>(key)), failureStatus, tags));
    }
}
