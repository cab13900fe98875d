namespace AdaLoRA.Gen.Conformance.Fuzzing;

/// <summary>An input that broke a rule.</summary>
/// <param name="Index">Of the input; −1 − s for the sound seed s.</param>
/// <param name="Kind">The same for all inputs that fail the same way.</param>
/// <param name="Sentence">What happened.</param>
/// <param name="Input">The bytes.</param>
internal sealed record FuzzFailure(long Index, string Kind, string Sentence, byte[] Input);
