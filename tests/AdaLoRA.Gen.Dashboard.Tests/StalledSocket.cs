using System.Net.Sockets;
using System.Text;

namespace AdaLoRA.Gen.Dashboard.Tests;

/// <summary>Asks for an event stream and never reads.</summary>
internal static class StalledSocket
{
    /// <summary>A socket whose other side has more to write than it takes; a run tells it long notices until then.</summary>
    public static async Task<Socket> OpenAsync(DashboardHost host, TrainingRun run)
    {
        var socket = await AskAsync(host);
        await FillAsync(host, run, 1);
        return socket;
    }

    /// <summary>Asks, with a small window.</summary>
    public static async Task<Socket> AskAsync(DashboardHost host)
    {
        int before = host.Broadcasters.Subscribers;
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(host.Address.Host, host.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /adalora/api/runs/live-tiny/stream HTTP/1.1\r\nHost: localhost:{host.Address.Port}\r\n\r\n"));
        await StreamTests.UntilAsync(() => host.Broadcasters.Subscribers > before);
        return socket;
    }

    /// <summary>Tells more than buffers hold, until so many writes hang.</summary>
    public static async Task FillAsync(DashboardHost host, TrainingRun run, int stalled)
    {
        string text = new('x', 50_000);
        await StreamTests.UntilAsync(() =>
        {
            run.Tell(new RunNotice { Step = 1, Text = text });
            return host.Broadcasters.Writing >= stalled;
        });
        // And still hang a moment later.
        await Task.Delay(500);
        Assert.True(host.Broadcasters.Writing >= stalled);
    }
}
