namespace AdaLoRA.Gen.Optimization;

/// <summary>Which tail an optimizer takes.</summary>
internal enum TailChoice
{
    /// <summary>SIMD where it can run, else ATen.</summary>
    Fastest,

    /// <summary>ATen whatever the device and type: what float64 and other devices get, for comparison.</summary>
    Aten,

    /// <summary>ATen, learning one step late whether a step was applied: what happens on a device, on the CPU.</summary>
    AtenLate,
}
