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
    public static IEndpointConventionBuilder MapAdaLoRADashboard(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/adalora")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        var services = endpoints.ServiceProvider;
        var links = services.GetService<DashboardLinks>() ?? throw new AdaLoRAException("The dashboard has no services; call builder.Services.AddAdaLoRADashboard() before the app is built.");
        links.Add("/" + (prefix.Trim('/') is { Length: > 0 } path ? path + "/" : ""));

        // What reads the options is made at a request: here, before the start, wrong ones would end the app with a stack trace, and hide what else is wrong.
        RequestDelegate Guard(RequestDelegate endpoint) => context => services.GetRequiredService<ReadAccess>().InvokeAsync(context, endpoint);
        RequestDelegate Runs(Func<RunEndpoints, HttpContext, Task> endpoint) => context => endpoint(services.GetRequiredService<RunEndpoints>(), context);
        var group = endpoints.MapGroup(prefix);
        void Get(string pattern, RequestDelegate endpoint) => group.MapMethods(pattern, Reading, Guard(endpoint)).WithDisplayName($"AdaLoRA dashboard {pattern}");
        void Post(string button, Action<TrainingRun> press) =>
            group.MapPost($"/api/runs/{{id}}/{button}", Guard(Runs((runs, context) => runs.PressAsync(context, button, press)))).WithDisplayName($"AdaLoRA dashboard {button}");

        Get("/", PageEndpoints.PageAsync);
        Get("/assets/{**name}", PageEndpoints.AssetAsync);
        Get("/api/session", Runs((runs, context) => runs.SessionAsync(context)));
        Get("/api/runs", Runs((runs, context) => runs.ListAsync(context)));
        Get("/api/runs/{id}", Runs((runs, context) => runs.RunAsync(context)));
        group.MapGet("/api/runs/{id}/stream", Guard(context => services.GetRequiredService<StreamEndpoint>().InvokeAsync(context))).WithDisplayName("AdaLoRA dashboard stream");
        Post("pause", run => run.Pause());
        Post("continue", run => run.Continue());
        Post("checkpoint", run => run.CheckpointNow());
        Post("stop", run => run.Stop());
        return group;
    }
}
