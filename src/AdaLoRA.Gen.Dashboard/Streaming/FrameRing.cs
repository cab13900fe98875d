namespace AdaLoRA.Gen.Dashboard;

/// <summary>The newest frames of a run, shared by all its subscribers: each holds no more than its place in it. Bounded by count and by bytes; what is oldest leaves, whoever may not have read it.</summary>
/// <param name="after">Events up to this number are not in it.</param>
/// <param name="mostFrames">Frames that stay.</param>
/// <param name="mostBytes">Bytes that stay; one frame always does.</param>
internal sealed class FrameRing(long after, int mostFrames = FrameRing.MostFrames, int mostBytes = FrameRing.MostBytes)
{
    public const int MostFrames = 256;
    public const int MostBytes = 4 << 20;

    // A reader that fell behind goes on with so many frames, so that it is not at the edge again at once.
    private const int Again = 16;

    private readonly Lock _gate = new();
    private readonly Frame[] _frames = new Frame[mostFrames];
    private long _oldest;
    private long _next;
    private long _bytes;
    private long _gone = after;

    /// <summary>Number of the newest event.</summary>
    public long LastNumber { get; private set; } = after;

    /// <summary>Bytes that it holds.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate) return _bytes;
        }
    }

    /// <summary>Adds a frame.</summary>
    public void Add(Frame frame)
    {
        lock (_gate)
        {
            while (_next - _oldest == mostFrames || (_next > _oldest && _bytes + frame.Bytes.Length > mostBytes)) Drop();
            _frames[_next++ % mostFrames] = frame;
            _bytes += frame.Bytes.Length;
            LastNumber = Math.Max(LastNumber, frame.Last);
        }
    }

    /// <summary>Where a reader begins that has all events up to a number; null when events after it have left.</summary>
    public long? PlaceAfter(long number)
    {
        lock (_gate)
        {
            if (number < _gone) return null;
            long place = _oldest;
            for (long p = _oldest; p < _next; p++)
            {
                long last = _frames[p % mostFrames].Last;
                if (last > number) break;
                // What has no events (a state, the end) and follows them is news, too.
                if (last > 0) place = p + 1;
            }
            return place;
        }
    }

    /// <summary>Where a reader goes on that missed something: a little before the end, since what it fetches anew may be a moment old.</summary>
    public long PlaceAgain()
    {
        lock (_gate) return Math.Max(_oldest, _next - Again);
    }

    /// <summary>The frame at a place.</summary>
    /// <param name="place">Moves on to the next.</param>
    /// <param name="fellBehind">Whether that frame has left; the place is then one from which to go on.</param>
    /// <returns>Null when there is none yet.</returns>
    public Frame? Read(ref long place, out bool fellBehind)
    {
        lock (_gate)
        {
            fellBehind = place < _oldest;
            if (fellBehind)
            {
                place = PlaceAgain();
                return null;
            }
            return place == _next ? null : _frames[place++ % mostFrames];
        }
    }

    private void Drop()
    {
        ref var frame = ref _frames[_oldest++ % mostFrames];
        _bytes -= frame.Bytes.Length;
        _gone = Math.Max(_gone, frame.Last);
        frame = null!;
    }
}
