using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Dashboard.Tests;

public sealed class OptionsTests
{
    [Theory]
    [InlineData("MaxSubscribers", "0", "MaxSubscribers is 0; it must be from 1 to 100000.")]
    [InlineData("MaxSubscribers", "100001", "MaxSubscribers is 100001; it must be from 1 to 100000.")]
    [InlineData("MaxSubscribers", "many", "MaxSubscribers is 'many'; it must be a whole number.")]
    [InlineData("MaxPastRuns", "-1", "MaxPastRuns is -1; it must be from 0 to 100000.")]
    [InlineData("MaxPastRuns", "1.5", "MaxPastRuns is '1.5'; it must be a whole number.")]
    [InlineData("StallTimeout", "00:00:00.5", "StallTimeout is 00:00:00.5000000; it must be from 00:00:01 to 01:00:00.")]
    [InlineData("StallTimeout", "02:00:00", "StallTimeout is 02:00:00; it must be from 00:00:01 to 01:00:00.")]
    [InlineData("StallTimeout", "soon", "StallTimeout is 'soon'; it must be a duration like 00:00:30.")]
    [InlineData("AllowRemote", "perhaps", "AllowRemote is 'perhaps'; it must be true or false.")]
    [InlineData("AllowRemote:Deeper", "true", "AllowRemote is a section; it must be a single value.")]
    [InlineData("Token", "abc", "Token has 3 characters; it must have at least 22, or be left out to be drawn at the start.")]
    [InlineData("Token", "a token with spaces, long enough", "Token holds a character that a header cannot carry; it must be of visible ASCII characters without spaces.")]
    [InlineData("LogFolders:0", " ", "LogFolders holds ' '; each item must be the path of a folder.")]
    [InlineData("ControlPolicy", " ", "ControlPolicy is empty; name one of the app's authorization policies, or leave it out.")]
    [InlineData("ControlPolicy", "Trainers", "ControlPolicy is 'Trainers', but the app has no authorization; call builder.Services.AddAuthorization() and define that policy.")]
    [InlineData("ReadPolicy", "Readers", "ReadPolicy is 'Readers', but the app has no authorization; call builder.Services.AddAuthorization() and define that policy.")]
    [InlineData("MaxSubscriber", "5", "MaxSubscriber is not an option; did you mean 'MaxSubscribers'?")]
    [InlineData("Colour", "red", "Colour is not an option; there are LogFolders, ControlPolicy, ReadPolicy, Token, AllowRemote, MaxSubscribers, StallTimeout, MaxPastRuns.")]
    public void A_bad_value_is_one_sentence(string key, string value, string sentence) => Assert.Equal(["AdaLoRA:Dashboard:" + sentence], Failures(new() { [key] = value }));

    [Theory]
    [InlineData("ControlPolicy")]
    [InlineData("ReadPolicy")]
    public void A_policy_that_the_app_does_not_define_is_refused(string option) =>
        Assert.Equal([$"AdaLoRA:Dashboard:{option} is 'Trainer', which is no authorization policy of the app; define it with AddAuthorization(o => o.AddPolicy(\"Trainer\", …))."],
            Failures(new() { [option] = "Trainer" }, s => s.AddAuthorizationBuilder().AddPolicy("Trainers", p => p.RequireAssertion(_ => true))));

    [Fact]
    public void All_failures_are_told_at_once_and_the_token_never()
    {
        var failures = Failures(new() { ["Token"] = "secret", ["MaxSubscribers"] = "0", ["AllowRemote"] = "x" });
        Assert.Equal(3, failures.Count);
        Assert.All(failures, f => Assert.DoesNotContain("secret", f, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_option_is_read_from_configuration_and_delegates_come_later()
    {
        using var provider = Provider(new()
        {
            ["LogFolders"] = "a; b",
            ["ControlPolicy"] = "P",
            ["ReadPolicy"] = "P",
            ["Token"] = DashboardHost.Token,
            ["AllowRemote"] = "true",
            ["MaxSubscribers"] = "7",
            ["StallTimeout"] = "00:00:05",
            ["MaxPastRuns"] = "9",
        }, s => s.AddAuthorizationBuilder().AddPolicy("P", p => p.RequireAssertion(_ => true)), o => o.MaxPastRuns++);
        var o = provider.GetRequiredService<IOptions<DashboardOptions>>().Value;
        Assert.Equal(["a", "b"], o.LogFolders);
        Assert.Equal(("P", "P", DashboardHost.Token, true, 7, TimeSpan.FromSeconds(5), 10), (o.ControlPolicy, o.ReadPolicy, o.Token, o.AllowRemote, o.MaxSubscribers, o.StallTimeout, o.MaxPastRuns));
    }

    [Fact]
    public void A_list_of_folders_may_be_written_as_a_list()
    {
        using var provider = Provider(new() { ["LogFolders:0"] = "a;b", ["LogFolders:1"] = "c" });
        Assert.Equal(["a;b", "c"], provider.GetRequiredService<IOptions<DashboardOptions>>().Value.LogFolders);
    }

    [Fact]
    public async Task The_app_does_not_start_with_wrong_options()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAdaLoRADashboard(o => o.MaxSubscribers = 0);
        await using var app = builder.Build();
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());
        Assert.Contains("MaxSubscribers is 0", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mapping_without_services_says_what_to_call()
    {
        var builder = WebApplication.CreateSlimBuilder();
        await using var app = builder.Build();
        Assert.Contains("AddAdaLoRADashboard()", Assert.Throws<AdaLoRAException>(() => app.MapAdaLoRADashboard()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adding_twice_is_adding_once()
    {
        var services = new ServiceCollection();
        services.AddAdaLoRADashboard(o => o.MaxPastRuns = 1);
        int count = services.Count;
        services.AddAdaLoRADashboard();
        Assert.Equal(count, services.Count);
    }

    private static IReadOnlyList<string> Failures(Dictionary<string, string?> values, Action<IServiceCollection>? services = null)
    {
        using var provider = Provider(values, services);
        return [.. Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptions<DashboardOptions>>().Value).Failures];
    }

    private static ServiceProvider Provider(Dictionary<string, string?> values, Action<IServiceCollection>? services = null, Action<DashboardOptions>? configure = null)
    {
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(v => "AdaLoRA:Dashboard:" + v.Key, v => v.Value)).Build());
        collection.AddAdaLoRADashboard(configure);
        services?.Invoke(collection);
        return collection.BuildServiceProvider();
    }
}
