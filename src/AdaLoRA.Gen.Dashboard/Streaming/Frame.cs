using System.Globalization;
using System.Text;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>One server-sent event, made once and sent to all subscribers.</summary>
internal sealed class Frame
{
    private readonly int _dataStart;
    private readonly (long Number, int Start)[] _events;

    private Frame(byte[] bytes, int dataStart, (long, int)[] events, bool ends)
    {
        Bytes = bytes;
        _dataStart = dataStart;
        _events = events;
        Ends = ends;
    }

    /// <summary>A line that browsers pass over; it shows both sides that the other is there.</summary>
    public static ReadOnlyMemory<byte> Heartbeat { get; } = ": still here\n\n"u8.ToArray();

    /// <summary>The run has ended and there is nothing more to come.</summary>
    public static Frame End { get; } = new("event: end\ndata: {}\n\n"u8.ToArray(), 0, [], ends: true);

    /// <summary>UTF-8, with the empty line that ends it.</summary>
    public byte[] Bytes { get; }

    /// <summary>Whether it is the last of its stream.</summary>
    public bool Ends { get; }

    /// <summary>Number of the first event in it; 0 when there is none.</summary>
    public long First => _events.Length == 0 ? 0 : _events[0].Number;

    /// <summary>Number of the last event in it; 0 when there is none.</summary>
    public long Last => _events.Length == 0 ? 0 : _events[^1].Number;

    /// <summary>Where the run is.</summary>
    public static Frame State(string state) => new(Encoding.UTF8.GetBytes($"event: state\ndata: {{\"state\":\"{state}\"}}\n\n"), 0, [], ends: false);

    /// <summary>Tells a reader that it missed something.</summary>
    /// <param name="number">The newest event that there is.</param>
    public static Frame Reset(long number) => new(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"event: reset\ndata: {{\"number\":{number}}}\n\n")), 0, [], ends: false);

    /// <summary>A batch of events.</summary>
    /// <param name="events">In order, at least one, each with its JSON.</param>
    public static Frame Events(ReadOnlySpan<(long Number, byte[] Json)> events)
    {
        byte[] head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"event: events\nid: {events[^1].Number}\ndata: ["));
        using var bytes = new MemoryStream();
        bytes.Write(head);
        var places = new (long, int)[events.Length];
        for (int i = 0; i < events.Length; i++)
        {
            if (i > 0) bytes.WriteByte((byte)',');
            places[i] = (events[i].Number, (int)bytes.Length);
            // One line: the serialiser breaks none, and escapes those within texts.
            bytes.Write(events[i].Json);
        }
        bytes.Write("]\n\n"u8);
        return new Frame(bytes.ToArray(), head.Length, places, ends: false);
    }

    /// <summary>What of it comes after an event; for the one frame in which a subscriber begins.</summary>
    /// <param name="number">The last event that the subscriber has.</param>
    public byte[] After(long number)
    {
        if (_events.Length == 0 || First > number) return Bytes;
        int next = Array.FindIndex(_events, e => e.Number > number);
        return next < 0 ? [] : [.. Bytes.AsSpan(0, _dataStart), .. Bytes.AsSpan(_events[next].Start)];
    }
}
