using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>Events on their way into frames.</summary>
/// <param name="before">Events up to this number were there when the broadcaster began; they go out whole.</param>
internal sealed class FrameBatch(long before)
{
    /// <summary>Readings of the loss in a batch. One a step of a small model is more than a curve can show and a thousand connections should carry; all of them are in the history and the file.</summary>
    public const int MostLosses = 20;

    /// <summary>Bytes of events in one frame, unless a single event has more.</summary>
    public const int MostBytes = 64 << 10;

    private readonly List<TrainingEvent> _events = [];
    private int _losses;

    /// <summary>Adds the next event.</summary>
    public void Add(TrainingEvent e)
    {
        _events.Add(e);
        if (IsThinned(e)) _losses++;
    }

    /// <summary>The frames of what was added, which leaves the batch; none when nothing was.</summary>
    public IReadOnlyList<Frame> Take()
    {
        if (_events.Count == 0) return [];
        if (_losses > MostLosses) Thin();
        var frames = new List<Frame>();
        var part = new List<(long, byte[])>();
        int bytes = 0;
        foreach (var e in _events)
        {
            byte[] json = RunLog.ToJson(e);
            if (part.Count > 0 && bytes + json.Length > MostBytes) Cut();
            part.Add((e.Number, json));
            bytes += json.Length + 1;
        }
        Cut();
        _events.Clear();
        _losses = 0;
        return frames;

        void Cut()
        {
            frames.Add(Frame.Events(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(part)));
            part.Clear();
            bytes = 0;
        }
    }

    private bool IsThinned(TrainingEvent e) => e is LossRead && e.Number > before;

    // Evenly, and never the newest.
    private void Thin()
    {
        int seen = 0, losses = _losses;
        _events.RemoveAll(e => IsThinned(e) && ++seen * (long)MostLosses / losses == (seen - 1) * (long)MostLosses / losses);
    }
}
