namespace IntentSample;

/// <summary>What ships beside the program.</summary>
internal static class Assets
{
    /// <summary>all-MiniLM-L6-v2 in int8.</summary>
    public static string Encoder { get; } = Path.Combine(AppContext.BaseDirectory, "models", "minilm-l6-v2");

    /// <summary>BANKING77.</summary>
    public static string Data { get; } = Path.Combine(AppContext.BaseDirectory, "data", "banking77");

    /// <summary>Where <c>train</c> writes, unless told otherwise; what <c>evaluate</c> and <c>predict</c> read.</summary>
    public const string Output = "out/intent-classifier";
}
