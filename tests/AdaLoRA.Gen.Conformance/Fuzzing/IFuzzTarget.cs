namespace AdaLoRA.Gen.Conformance.Fuzzing;

/// <summary>
/// A reader under attack. One thread uses an instance. A new reader is one class like those in <c>Targets</c>, and one line of <see cref="FuzzTargets.All"/>.
/// </summary>
internal interface IFuzzTarget : IDisposable
{
    /// <summary>Sound inputs; each must be read without an exception.</summary>
    IReadOnlyList<byte[]> Seeds { get; }

    /// <summary>A damaged input.</summary>
    /// <param name="seed">Which of <see cref="Seeds"/> it starts from.</param>
    /// <param name="random">The input's own randomness: the same numbers give the same bytes.</param>
    byte[] Damage(int seed, Mixer random);

    /// <summary>Puts an input where the reader finds it; not measured.</summary>
    /// <param name="seed">The seed that it came from.</param>
    /// <param name="input">The bytes.</param>
    void Place(int seed, byte[] input);

    /// <summary>Reads what was placed, all of it. May throw <see cref="AdaLoRAException"/>, <see cref="Serialization.SafetensorsException"/> or <see cref="Serialization.GgufException"/>; anything else is a crash.</summary>
    void Read();

    /// <summary>Managed bytes that one reading may allocate: a multiple of the input's length and a constant.</summary>
    (int Factor, int Constant) Allowance { get; }
}
