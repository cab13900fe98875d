using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>Whether a caller may press buttons.</summary>
internal enum ControlDecision
{
    /// <summary>Yes.</summary>
    Allowed,

    /// <summary>With the token.</summary>
    Token,

    /// <summary>With the header that shows that no other site caused the request.</summary>
    Header,

    /// <summary>No: the app's policy refuses this caller.</summary>
    Forbidden,
}

/// <summary>The token, or the app's own policy; and never on behalf of another site.</summary>
internal sealed class ControlAccess(IOptions<DashboardOptions> options, ControlToken token)
{
    /// <summary>Header that no form of another site can send, and that another site's script may send only where the app lets it.</summary>
    public const string Header = "X-AdaLoRA-Dashboard";

    private const string Bearer = "Bearer ";

    /// <summary>Whether the request bears the token.</summary>
    public bool HasToken(HttpContext context) =>
        context.Request.Headers.Authorization is [{ } value] && value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && token.Matches(value[Bearer.Length..].Trim());

    /// <summary>Whether the caller may press buttons.</summary>
    /// <param name="context">The request.</param>
    /// <param name="isButton">Whether it presses one; where the app's policy decides it must bear <see cref="Header"/> then, since a browser adds cookies to what other sites cause.</param>
    public async Task<ControlDecision> DecideAsync(HttpContext context, bool isButton)
    {
        if (HasToken(context)) return ControlDecision.Allowed;
        bool lacksHeader = isButton && !context.Request.Headers.ContainsKey(Header);
        if (options.Value.ControlPolicy is { } policy && !lacksHeader && await MeetsAsync(context, policy)) return ControlDecision.Allowed;
        return token.Exists ? ControlDecision.Token : lacksHeader ? ControlDecision.Header : ControlDecision.Forbidden;
    }

    /// <summary>Why a request is refused as one that another site caused; null when it is not.</summary>
    public static string? CrossSite(HttpContext context)
    {
        const string Refusal = "A button can only be pressed on the dashboard's own page";
        var headers = context.Request.Headers;
        if (headers["Sec-Fetch-Site"] is [{ } site, ..] && site is not ("same-origin" or "none")) return $"{Refusal}; the browser says that the request is {site}.";
        // Of the origin only the authority is compared: before a proxy that ends TLS the scheme differs.
        bool isOwn = headers.Origin is not [{ } origin, ..] || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && IsSameHost(from, context.Request.Host));
        return isOwn ? null : $"{Refusal}; the request comes from another origin.";
    }

    private static bool IsSameHost(Uri origin, HostString host) =>
        origin.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase)
        || (origin.IsDefaultPort && origin.Host.Equals(host.Host, StringComparison.OrdinalIgnoreCase) && host.Port is null or 80 or 443);

    private static async Task<bool> MeetsAsync(HttpContext context, string name)
    {
        var services = context.RequestServices;
        var evaluator = services.GetRequiredService<IPolicyEvaluator>();
        var policy = (await services.GetRequiredService<IAuthorizationPolicyProvider>().GetPolicyAsync(name))!;
        var authentication = await evaluator.AuthenticateAsync(policy, context);
        return (await evaluator.AuthorizeAsync(policy, authentication, context, context)).Succeeded;
    }
}
