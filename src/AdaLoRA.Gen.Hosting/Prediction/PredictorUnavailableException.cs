namespace AdaLoRA.Gen.Hosting;

/// <summary>A predictor takes no more requests at the moment: a web app answers 503.</summary>
public sealed class PredictorUnavailableException : AdaLoRAException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which predictor, and why.</param>
    /// <param name="isQueueFull">Whether trying again later may help.</param>
    public PredictorUnavailableException(string message, bool isQueueFull) : base(message) => IsQueueFull = isQueueFull;

    /// <summary>Whether <see cref="PredictorOptions.QueueLimit"/> requests wait already, so that trying again later may help; else the predictor has not started, or stops.</summary>
    public bool IsQueueFull { get; }
}
