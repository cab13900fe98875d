namespace AdaLoRA.Gen.Benchmarks.Stack;

/// <summary>Size of an encoder stack and of its input.</summary>
internal sealed record StackShape(string Name, int Hidden, int Batch, int Sequence, int Heads, int Layers = 12)
{
    /// <summary>Linear layers that carry an adapter, in each encoder layer.</summary>
    public const int TargetsPerLayer = 6;

    public int FeedForward => 4 * Hidden;

    public int Tokens => Batch * Sequence;

    public int Targets => TargetsPerLayer * Layers;

    /// <summary>What is timed: a base-sized encoder, a small one, and a small one on so few tokens that only overhead is left.</summary>
    public static IList<StackShape> Timed { get; } =
    [
        new("h768x128", Hidden: 768, Batch: 4, Sequence: 32, Heads: 12),
        new("h128x128", Hidden: 128, Batch: 4, Sequence: 32, Heads: 2),
        new("h128x16", Hidden: 128, Batch: 1, Sequence: 16, Heads: 2),
    ];

    public static StackShape Agreement { get; } = new("agreement", Hidden: 128, Batch: 4, Sequence: 16, Heads: 2, Layers: 4);

    public static StackShape Leak { get; } = new("leak", Hidden: 64, Batch: 2, Sequence: 16, Heads: 2, Layers: 4);
}
