namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>One step, measured.</summary>
/// <param name="TotalMs">Forward, backward, update and disposal.</param>
/// <param name="UpdateMs">What comes after backward: the optimizer and all that goes with it.</param>
/// <param name="ManagedBytes">Managed memory allocated.</param>
internal readonly record struct StepSample(double TotalMs, double UpdateMs, long ManagedBytes);
