using System.Collections.Concurrent;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>The dashboard's addresses; a singleton of the container. They are known once the server has started.</summary>
public sealed class DashboardLinks
{
    private readonly IServiceProvider _services;
    private readonly ConcurrentDictionary<string, bool> _prefixes = new();

    internal DashboardLinks(IServiceProvider services) => _services = services;

    /// <summary>Whether it is mapped anywhere.</summary>
    internal bool IsMapped => !_prefixes.IsEmpty;

    /// <summary>
    /// The page's address on this machine, one for each place where it is mapped and each address that the server listens on. Where the token was drawn at the start it is the address's fragment, which a browser does not send;
    /// whoever reads the address can press buttons.
    /// </summary>
    /// <returns>Empty before the server has started.</returns>
    public IReadOnlyList<Uri> All()
    {
        var addresses = _services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        // Not kept: the links are made before the start, and the token reads the options.
        string fragment = _services.GetRequiredService<ControlToken>().Drawn is { } drawn ? $"#token={drawn}" : "";
        return [.. from address in addresses.Select(Local).OfType<Uri>()
                   from prefix in _prefixes.Keys.Order(StringComparer.Ordinal)
                   select new Uri(address, prefix + fragment)];
    }

    internal void Add(string prefix) => _prefixes[prefix] = true;

    // An address that stands for all of the machine's is reached as localhost; one of a Unix socket has no page.
    private static Uri? Local(string address)
    {
        var parsed = BindingAddress.Parse(address);
        if (parsed.IsUnixPipe) return null;
        string host = parsed.Host is "*" or "+" or "0.0.0.0" or "[::]" ? "localhost" : parsed.Host;
        return Uri.TryCreate($"{parsed.Scheme}://{host}:{parsed.Port}", UriKind.Absolute, out var uri) ? uri : null;
    }
}
