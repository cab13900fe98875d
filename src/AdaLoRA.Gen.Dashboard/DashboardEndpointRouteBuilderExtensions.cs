using System.Diagnostics.CodeAnalysis;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>The dashboard's place in the app.</summary>
public static class DashboardEndpointRouteBuilderExtensions
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>
    /// Serves the dashboard below a prefix: its page, its files and what they ask for. It answers this machine only, unless <see cref="DashboardOptions.AllowRemote"/> says otherwise; buttons need the token or the app's own policy.
    /// </summary>
    /// <param name="endpoints">The app.</param>
    /// <param name="prefix">Where it is. Default <c>/adalora</c>.</param>
    /// <returns>All its endpoints, for <c>RequireAuthorization</c>, <c>RequireHost</c>, <c>RequireCors</c> and the like.</returns>
    /// <exception cref="AdaLoRAException"><see cref="DashboardServiceCollectionExtensions.AddAdaLoRADashboard"/> was not called.</exception>
    /// <exception cref="OptionsValidationException">The options are wrong; all failures are named.</exception>
    public static IEndpointConventionBuilder MapAdaLoRADashboard(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/adalora")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        var services = endpoints.ServiceProvider;
        var links = services.GetService<DashboardLinks>() ?? throw new AdaLoRAException("The dashboard has no services; call builder.Services.AddAdaLoRADashboard() before the app is built.");
        links.Add("/" + (prefix.Trim('/') is { Length: > 0 } path ? path + "/" : ""));

        var read = services.GetRequiredService<ReadAccess>();
        var runs = services.GetRequiredService<RunEndpoints>();
        var stream = services.GetRequiredService<StreamEndpoint>();
        var group = endpoints.MapGroup(prefix);
        void Get(string pattern, RequestDelegate endpoint) => group.MapMethods(pattern, Reading, read.Guard(endpoint)).WithDisplayName($"AdaLoRA dashboard {pattern}");
        void Post(string button, Action<TrainingRun> press) => group.MapPost($"/api/runs/{{id}}/{button}", read.Guard(runs.Button(button, press))).WithDisplayName($"AdaLoRA dashboard {button}");

        Get("/", PageEndpoints.PageAsync);
        Get("/assets/{**name}", PageEndpoints.AssetAsync);
        Get("/api/session", runs.SessionAsync);
        Get("/api/runs", runs.ListAsync);
        Get("/api/runs/{id}", runs.RunAsync);
        group.MapGet("/api/runs/{id}/stream", read.Guard(stream.InvokeAsync)).WithDisplayName("AdaLoRA dashboard stream");
        Post("pause", run => run.Pause());
        Post("continue", run => run.Continue());
        Post("checkpoint", run => run.CheckpointNow());
        Post("stop", run => run.Stop());
        return group;
    }
}
