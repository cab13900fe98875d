using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>What every request passes: headers that bind the browser, the machine it comes from, the app's policy for reading.</summary>
internal sealed class ReadAccess(IOptions<DashboardOptions> options, RefusalLog refusals)
{
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

    /// <summary>Answers a request: a refusal, or what the endpoint does.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        SetHeaders(context.Response.Headers);
        if (!options.Value.AllowRemote && LocalOnly.Refusal(context) is { } refusal)
        {
            refusals.Add(context, refusal);
            await Answer.ErrorAsync(context, StatusCodes.Status403Forbidden, refusal);
        }
        else if (IsEmbeddedElsewhere(context))
        {
            await Answer.ErrorAsync(context, StatusCodes.Status403Forbidden, "A page of another site may not read the dashboard; allow it with .RequireCors(policy) on what MapAdaLoRADashboard returns.");
        }
        else if (options.Value.ReadPolicy is { } policy)
        {
            await AuthorizeAsync(context, policy, next);
        }
        else
        {
            await next(context);
        }
    }

    private static void SetHeaders(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }

    // A browser would not let that page read the answer anyway; but a thousand streams that nobody reads are an attack, too. A link to the dashboard is none.
    private static bool IsEmbeddedElsewhere(HttpContext context) =>
        context.Request.Headers["Sec-Fetch-Site"] == "cross-site" && context.Request.Headers["Sec-Fetch-Mode"] != "navigate" && context.GetEndpoint()?.Metadata.GetMetadata<ICorsMetadata>() is null;

    // As the framework's own middleware does it, so that a cookie scheme leads to its sign-in page.
    private static async Task AuthorizeAsync(HttpContext context, string name, RequestDelegate next)
    {
        var services = context.RequestServices;
        var evaluator = services.GetRequiredService<IPolicyEvaluator>();
        var policy = (await services.GetRequiredService<IAuthorizationPolicyProvider>().GetPolicyAsync(name))!;
        var authentication = await evaluator.AuthenticateAsync(policy, context);
        var result = await evaluator.AuthorizeAsync(policy, authentication, context, context);
        await services.GetRequiredService<IAuthorizationMiddlewareResultHandler>().HandleAsync(next, context, policy, result);
    }
}
