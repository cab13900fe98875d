using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Dashboard.Tests;

/// <summary>An authentication scheme that believes a header, and a policy that asks for the user "trainer".</summary>
internal static class TestUsers
{
    public const string Header = "X-Test-User";

    public static void Add(IServiceCollection services)
    {
        services.AddAuthentication("test").AddScheme<AuthenticationSchemeOptions, Handler>("test", null);
        services.AddAuthorizationBuilder().AddPolicy("Trainers", p => p.RequireAuthenticatedUser().RequireUserName("trainer"));
    }

    public static void Use(WebApplication app)
    {
        app.UseAuthentication();
        app.UseAuthorization();
    }

    private sealed class Handler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Request.Headers[Header] is [{ } name]
            ? AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], "test")), "test"))
            : AuthenticateResult.NoResult());
    }
}
