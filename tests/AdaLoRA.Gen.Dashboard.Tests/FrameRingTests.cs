using System.Text;

namespace AdaLoRA.Gen.Dashboard.Tests;

public sealed class FrameRingTests
{
    [Fact]
    public void A_reader_gets_every_frame_in_order()
    {
        var ring = new FrameRing(0);
        long place = ring.PlaceAfter(0)!.Value;
        for (int i = 1; i <= 1000; i++)
        {
            ring.Add(Of(i));
            Assert.Equal(i, ring.Read(ref place, out bool behind)!.Last);
            Assert.False(behind);
            Assert.Null(ring.Read(ref place, out _));
        }
        Assert.Equal(1000, ring.LastNumber);
    }

    [Fact]
    public void It_holds_so_many_frames_and_a_reader_that_fell_behind_goes_on_near_the_end()
    {
        var ring = new FrameRing(0, mostFrames: 32);
        long place = ring.PlaceAfter(0)!.Value;
        for (int i = 1; i <= 33; i++) ring.Add(Of(i));
        Assert.Null(ring.Read(ref place, out bool behind));
        Assert.True(behind);
        Assert.Equal(18, ring.Read(ref place, out behind)!.Last);
        Assert.False(behind);
    }

    [Fact]
    public void It_holds_so_many_bytes()
    {
        int size = Of(11).Bytes.Length;
        var ring = new FrameRing(0, mostBytes: 3 * size);
        for (int i = 11; i < 50; i++)
        {
            ring.Add(Of(i));
            Assert.True(ring.Bytes <= 3 * size);
        }
        Assert.Null(ring.PlaceAfter(45));
        Assert.NotNull(ring.PlaceAfter(46));
        // One always stays, however large.
        var narrow = new FrameRing(0, mostBytes: 1);
        narrow.Add(Of(1));
        narrow.Add(Of(2));
        Assert.Equal(Of(2).Bytes.Length, narrow.Bytes);
    }

    [Fact]
    public void A_newcomer_begins_after_what_it_has()
    {
        var ring = new FrameRing(10);
        Assert.Null(ring.PlaceAfter(9));
        long place = ring.PlaceAfter(10)!.Value;
        ring.Add(Of(11, 12, 13));
        ring.Add(Frame.State("Paused"));
        ring.Add(Of(14));
        Assert.Equal(13, ring.Read(ref place, out _)!.Last);
        // Within a frame: that frame, of which it takes the rest.
        place = ring.PlaceAfter(12)!.Value;
        Assert.Equal(13, ring.Read(ref place, out _)!.Last);
        // Between two: also the state that was told between them.
        place = ring.PlaceAfter(13)!.Value;
        Assert.Contains("Paused", Encoding.UTF8.GetString(ring.Read(ref place, out _)!.Bytes), StringComparison.Ordinal);
        Assert.Equal(14, ring.Read(ref place, out _)!.Last);
        // The end is news to who has all events.
        ring.Add(Frame.End);
        place = ring.PlaceAfter(14)!.Value;
        Assert.True(ring.Read(ref place, out _)!.Ends);
    }

    [Theory]
    [InlineData(0, "7,8,9")]
    [InlineData(6, "7,8,9")]
    [InlineData(7, "8,9")]
    [InlineData(8, "9")]
    public void A_frame_can_be_cut(long after, string left)
    {
        var frame = Of(7, 8, 9);
        string text = Encoding.UTF8.GetString(frame.After(after));
        Assert.StartsWith("event: events\nid: 9\ndata: [{", text, StringComparison.Ordinal);
        Assert.EndsWith("}]\n\n", text, StringComparison.Ordinal);
        Assert.Equal(left.Split(',').Select(long.Parse), new Sse("events", "9", text.Split("data: ")[1]).Numbers);
        Assert.Empty(frame.After(9));
    }

    private static Frame Of(params int[] numbers) => Frame.Events(numbers.Select(n => ((long)n, RunLog.ToJson(Told.Loss(n) with { Number = n }))).ToArray());
}
