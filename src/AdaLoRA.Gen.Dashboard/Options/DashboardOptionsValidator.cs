using System.Globalization;
using AdaLoRA.Gen.Hosting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.Extensions.Configuration;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>Reports everything that is wrong with the options at once. It asks the app whether the policies that are named exist, so that a misspelt name is no locked door in the middle of a run.</summary>
internal sealed class DashboardOptionsValidator(IServiceProvider services) : IValidateOptions<DashboardOptions>
{
    /// <summary>128 bits in base64url.</summary>
    public const int ShortestToken = 22;

    private const int MostSubscribers = 100_000;
    private const int MostPastRuns = 100_000;

    public ValidateOptionsResult Validate(string? name, DashboardOptions o)
    {
        var broken = new List<string>(o.Unreadable);
        void Rule(bool holds, FormattableString sentence)
        {
            if (!holds) broken.Add(sentence.ToString(CultureInfo.InvariantCulture));
        }

        if (o.LogFolders is null) broken.Add("LogFolders is null; name folders, or leave it empty for those of the app's own runs.");
        foreach (string folder in o.LogFolders ?? []) Rule(IsFolderName(folder), $"LogFolders holds '{folder}'; each item must be the path of a folder.");
        // The token itself is never told.
        Rule(o.Token is null || o.Token.Length >= ShortestToken, $"Token has {o.Token?.Length} characters; it must have at least {ShortestToken}, or be left out to be drawn at the start.");
        Rule(o.Token is null || o.Token.All(c => c is > ' ' and <= '~'), $"Token holds a character that a header cannot carry; it must be of visible ASCII characters without spaces.");
        Rule(o.MaxSubscribers is >= 1 and <= MostSubscribers, $"MaxSubscribers is {o.MaxSubscribers}; it must be from 1 to {MostSubscribers}.");
        Rule(o.StallTimeout >= TimeSpan.FromSeconds(1) && o.StallTimeout <= TimeSpan.FromHours(1), $"StallTimeout is {o.StallTimeout}; it must be from 00:00:01 to 01:00:00.");
        Rule(o.MaxPastRuns is >= 0 and <= MostPastRuns, $"MaxPastRuns is {o.MaxPastRuns}; it must be from 0 to {MostPastRuns}.");
        CheckPolicy(nameof(o.ControlPolicy), o.ControlPolicy, broken);
        CheckPolicy(nameof(o.ReadPolicy), o.ReadPolicy, broken);
        string[] failures = [.. Unread(), .. broken.Select(sentence => $"{DashboardSection.Path}:{sentence}")];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    // In an app with runs the first of them tells it.
    private IEnumerable<string> Unread() =>
        services.GetServices<RunSection>().Any() ? [] : RunSections.Unread(services.GetService<IConfiguration>(), [], services.GetServices<PackageSection>());

    private void CheckPolicy(string option, string? policy, List<string> broken)
    {
        if (policy is null) return;
        if (string.IsNullOrWhiteSpace(policy))
        {
            broken.Add($"{option} is empty; name one of the app's authorization policies, or leave it out.");
        }
        else if (services.GetService<IAuthorizationPolicyProvider>() is not { } provider || services.GetService<IPolicyEvaluator>() is null)
        {
            broken.Add($"{option} is '{policy}', but the app has no authorization; call builder.Services.AddAuthorization() and define that policy.");
        }
        // Done at the app's start, where there is nothing else to do meanwhile.
        else if (provider.GetPolicyAsync(policy).GetAwaiter().GetResult() is null)
        {
            broken.Add($"{option} is '{policy}', which is no authorization policy of the app; define it with AddAuthorization(o => o.AddPolicy(\"{policy}\", …)).");
        }
    }

    private static bool IsFolderName(string? folder) => !string.IsNullOrWhiteSpace(folder) && folder.IndexOfAny(Path.GetInvalidPathChars()) < 0;
}
