namespace AdaLoRA.Gen.Serialization;

/// <summary>A GGUF file is missing, damaged, hostile or does not hold what was asked of it. The message names the file, the tensor or key, and the remedy.</summary>
public sealed class GgufException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong with which file, and what to do.</param>
    public GgufException(string message) : base(message) { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong with which file, and what to do.</param>
    /// <param name="inner">The cause.</param>
    public GgufException(string message, Exception? inner) : base(message, inner) { }
}
