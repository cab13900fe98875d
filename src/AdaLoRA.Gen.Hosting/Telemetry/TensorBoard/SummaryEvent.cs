using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// One message <c>tensorboard.Event</c> (event.proto, summary.proto, tensor.proto), filled value by value. Values are tensors with the plug-in's name and the data class, the form of tf.summary since TensorFlow 2: both of TensorBoard's
/// loaders take it as it is, whereas <c>simple_value</c>, <c>histo</c> and <c>image</c> are rewritten on reading, histograms to other buckets by one loader than by the other. Every value carries its metadata, so that a file
/// can be read without those before it.
/// </summary>
internal sealed class SummaryEvent
{
    private const int Float = 1, Double = 2, String = 7;        // DataType
    private const int Scalar = 1, Tensor = 2, BlobSequence = 3; // DataClass
    private const int SessionStart = 1;                         // SessionLog.SessionStatus

    private readonly ProtoWriter _proto = new();
    private int _summary = -1;
    private int _value;

    /// <summary>The message; ends it.</summary>
    public ReadOnlySpan<byte> Message()
    {
        if (_summary >= 0) _proto.Close(_summary);
        _summary = -1;
        return _proto.Written;
    }

    /// <summary>The first of a file: its version, and who wrote it.</summary>
    public void BeginFile(DateTimeOffset time)
    {
        Begin(time, 0);
        _proto.Text(3, "brain.Event:2");
        int source = _proto.Open(10);
        _proto.Text(1, "AdaLoRA.Gen");
        _proto.Close(source);
    }

    /// <summary>A session begins: what was told before of this step and later ones no longer holds.</summary>
    public void BeginSession(DateTimeOffset time, long step)
    {
        Begin(time, step);
        int session = _proto.Open(7);
        _proto.Int(1, SessionStart);
        _proto.Close(session);
    }

    /// <summary>Values of one step follow.</summary>
    public void BeginSummary(DateTimeOffset time, long step)
    {
        Begin(time, step);
        _summary = _proto.Open(5);
    }

    /// <summary>A number; TensorBoard's are of 32 bits.</summary>
    public void AddScalar(string tag, double value)
    {
        int opened = Open(tag, "scalars", Scalar, description: null);
        _proto.Int(1, Float);
        BinaryPrimitives.WriteSingleLittleEndian(_proto.Blob(5, sizeof(float)), (float)value);
        Close(opened);
    }

    /// <summary>A histogram, [k, 3]: left end, right end, count. Nothing when there are no buckets.</summary>
    public void AddHistogram(string tag, ReadOnlySpan<Bucket> buckets, string description)
    {
        if (buckets.Length == 0) return;
        int opened = Open(tag, "histograms", Tensor, description);
        _proto.Int(1, Double);
        Shape(buckets.Length, 3);
        var content = _proto.Blob(4, buckets.Length * 3 * sizeof(double));
        foreach (var b in buckets)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(content, b.Left);
            BinaryPrimitives.WriteDoubleLittleEndian(content[8..], b.Right);
            BinaryPrimitives.WriteDoubleLittleEndian(content[16..], b.Count);
            content = content[24..];
        }
        Close(opened);
    }

    /// <summary>A picture, [3]: width and height as text, the file.</summary>
    public void AddImage(string tag, PngImage image, string description)
    {
        int opened = Open(tag, "images", BlobSequence, description);
        _proto.Int(1, String);
        Shape(3);
        _proto.Text(8, image.Width.ToString(CultureInfo.InvariantCulture));
        _proto.Text(8, image.Height.ToString(CultureInfo.InvariantCulture));
        _proto.Bytes(8, image.Encode());
        Close(opened);
    }

    /// <summary>A text in Markdown, [1].</summary>
    public void AddText(string tag, string markdown)
    {
        int opened = Open(tag, "text", Tensor, description: null);
        _proto.Int(1, String);
        Shape(1);
        _proto.Bytes(8, Encoding.UTF8.GetBytes(markdown));
        Close(opened);
    }

    private void Begin(DateTimeOffset time, long step)
    {
        _proto.Clear();
        _proto.Double(1, (time - DateTimeOffset.UnixEpoch).TotalSeconds);
        if (step != 0) _proto.Int(2, step);
    }

    // Summary.Value up to its tensor. The plug-ins' own data are messages with a version, of which 0 is the only one: empty.
    private int Open(string tag, string plugin, int dataClass, string? description)
    {
        _value = _proto.Open(1);
        _proto.Text(1, tag);
        int metadata = _proto.Open(9);
        int data = _proto.Open(1);
        _proto.Text(1, plugin);
        _proto.Close(data);
        if (description is not null) _proto.Text(3, description);
        _proto.Int(4, dataClass);
        _proto.Close(metadata);
        return _proto.Open(8);
    }

    private void Close(int tensor)
    {
        _proto.Close(tensor);
        _proto.Close(_value);
    }

    private void Shape(params ReadOnlySpan<int> sizes)
    {
        int shape = _proto.Open(2);
        foreach (int size in sizes)
        {
            int dimension = _proto.Open(2);
            _proto.Int(1, size);
            _proto.Close(dimension);
        }
        _proto.Close(shape);
    }
}
