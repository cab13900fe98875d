using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Serving;

/// <summary>How many subscribers, and where.</summary>
/// <param name="Port">On the loopback.</param>
/// <param name="Readers">Sockets that read.</param>
/// <param name="Silent">Sockets that ask and never read.</param>
internal sealed record SubscriberRequest(int Port, int Readers, int Silent);

/// <summary>The other side of the streams, in a process of its own: real sockets, opened and closed on command.</summary>
internal static class SubscriberClient
{
    public const string Open = "open", Close = "close", Read = "read", Quit = "quit";

    private const int Window = 16 << 10;
    private static readonly string Ask = "GET /adalora/api/runs/live-ServedModel/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";

    public static Worker<SubscriberRequest, int> Worker { get; } = new("subscribers-client", Serve);

    private static int Serve(SubscriberRequest request)
    {
        var sockets = new List<Socket>();
        var read = new List<StrongBox>();
        while (Console.In.ReadLine() is { } command && command != Quit)
        {
            if (command == Open)
            {
                for (int i = 0; i < request.Readers + request.Silent; i++)
                {
                    var socket = Connect(request.Port);
                    sockets.Add(socket);
                    if (i < request.Readers) read.Add(Follow(socket));
                }
            }
            else if (command == Close)
            {
                foreach (var s in sockets) s.Dispose();
                sockets.Clear();
                read.Clear();
            }
            // The least that one of them has got, and all together.
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{read.Select(r => r.Value).DefaultIfEmpty(0).Min()} {read.Sum(r => r.Value)}"));
        }
        return sockets.Count;
    }

    private static Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = Window };
        socket.Connect(IPAddress.Loopback, port);
        socket.Send(Encoding.ASCII.GetBytes(Ask));
        return socket;
    }

    private static StrongBox Follow(Socket socket)
    {
        var bytes = new StrongBox();
        _ = ReadAsync();
        return bytes;

        async Task ReadAsync()
        {
            byte[] buffer = new byte[8 << 10];
            try
            {
                while (await socket.ReceiveAsync(buffer) is > 0 and var n) bytes.Value += n;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Closed on command.
            }
        }
    }

    private sealed class StrongBox
    {
        public long Value;
    }
}
