using System.Security.Cryptography;

namespace PredictorSample;

/// <summary>The command line of a server; what is null stays as predictor.json has it.</summary>
internal sealed record ServerSettings
{
    public required string Adapter { get; init; }

    public bool Merged { get; init; }

    public int? MaxBatch { get; init; }

    public int? Concurrency { get; init; }

    public int? Threads { get; init; }

    public bool Watch { get; init; }

    /// <summary>On 127.0.0.1; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>What a request to exchange the adapter must bring: drawn at each start, printed on the console.</summary>
    public string Token { get; } = Environment.GetEnvironmentVariable("PREDICTOR_TOKEN") ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
