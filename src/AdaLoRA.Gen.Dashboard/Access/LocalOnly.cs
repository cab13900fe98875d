using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>
/// Whether a request was made on this machine, to this machine. Nothing that a request says of itself is trusted for that: the connection decides, and the name that the request gives the server must be one of the loopback, since
/// a page of another site can have its own name resolve to 127.0.0.1 (DNS rebinding).
/// </summary>
internal static class LocalOnly
{
    // Marks of a proxy: whoever sent the request to it may be anywhere.
    private static readonly string[] ProxyHeaders = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-For", "X-Original-Host", "X-Real-IP", "Via"];

    /// <summary>Why the request is refused; null when it is local.</summary>
    public static string? Refusal(HttpContext context)
    {
        const string Remedy = "set AdaLoRA:Dashboard:AllowRemote to open it to others.";
        if (!IsLoopback(context.Connection.RemoteIpAddress) || !IsLoopback(Peer(context))) return $"The dashboard answers only the machine that it runs on; {Remedy}";
        if (ProxyHeaders.FirstOrDefault(context.Request.Headers.ContainsKey) is { } header) return $"The request came by way of a proxy ({header}), and the dashboard answers only the machine that it runs on; {Remedy}";
        return IsLoopbackName(context.Request.Host.Host) ? null : $"The dashboard answers only requests to localhost, 127.0.0.1 or [::1], by that name; {Remedy}";
    }

    /// <summary>Whether a name means this machine whatever a name server says.</summary>
    internal static bool IsLoopbackName(string host)
    {
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)) return true;
        return IPAddress.TryParse(host.Trim('[', ']'), out var address) && IsLoopback(address);
    }

    // The other end of the connection itself: middleware that believes forwarded headers changes RemoteIpAddress, and not this.
    private static IPAddress? Peer(HttpContext context)
    {
        try
        {
            var end = context.Features.Get<IConnectionSocketFeature>()?.Socket.RemoteEndPoint ?? context.Features.Get<IConnectionEndPointFeature>()?.RemoteEndPoint;
            return (end as IPEndPoint)?.Address;
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // Closed meanwhile: nobody reads the answer.
            return IPAddress.None;
        }
    }

    // Null: a Unix socket or a named pipe, which no other machine reaches.
    private static bool IsLoopback(IPAddress? address) => address is null || IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
}
