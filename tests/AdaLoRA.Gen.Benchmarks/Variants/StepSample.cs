namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>One step, measured. The device is waited for at the end of the step only: on one, the parts are what the host needs to launch them, and the last takes the rest.</summary>
/// <param name="TotalMs">Forward, backward, update and disposal.</param>
/// <param name="ForwardMs">From the input to the loss, PEFT's regulariser included.</param>
/// <param name="BackwardMs">The backward pass.</param>
/// <param name="UpdateMs">What comes after backward: the optimizer and all that goes with it.</param>
/// <param name="ManagedBytes">Managed memory allocated.</param>
internal readonly record struct StepSample(double TotalMs, double ForwardMs, double BackwardMs, double UpdateMs, long ManagedBytes)
{
    /// <summary>Freeing the step's tensors; on a device also waiting for it.</summary>
    public double DisposeMs => TotalMs - ForwardMs - BackwardMs - UpdateMs;
}
