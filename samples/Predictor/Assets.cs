namespace PredictorSample;

/// <summary>What ships with samples/IntentClassifier, and comes along beside this program.</summary>
internal static class Assets
{
    /// <summary>all-MiniLM-L6-v2 in int8.</summary>
    public static string Encoder { get; } = Path.Combine(AppContext.BaseDirectory, "models", "minilm-l6-v2");

    /// <summary>BANKING77.</summary>
    public static string Data { get; } = Path.Combine(AppContext.BaseDirectory, "data", "banking77");
}
