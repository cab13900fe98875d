using AdaLoRA.Gen.Arena;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What a task may need to build its batches.</summary>
/// <param name="Options">The run's options, checked.</param>
/// <param name="Device">Where batches must live.</param>
public sealed record TrainingContext(TrainingOptions Options, torch.Device Device)
{
    /// <summary>Examples of one micro-batch.</summary>
    public int BatchSize => Options.BatchSize;

    /// <summary>The run's seed, for <see cref="EpochOrder"/>.</summary>
    public int Seed => Options.Seed;

    /// <summary>
    /// Moves a tensor of a batch to the run's device. To CUDA it goes by way of page-locked memory and nobody waits for it: what is computed next on that device does. Nothing happens to one that is there already, so on
    /// the CPU the call costs nothing.
    /// </summary>
    /// <param name="tensor">Disposed when another takes its place.</param>
    /// <returns>The tensor on <see cref="Device"/>.</returns>
    public torch.Tensor Send(torch.Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.device.IsSame(Device)) return tensor;
        using var original = tensor;
        if (Device.type != DeviceType.CUDA || tensor.device_type != DeviceType.CPU) return tensor.to(Device);
        // The allocator of page-locked memory notes the copy under way: it hands the memory to nobody else before that is done.
        using var locked = tensor.pin_memory();
        return locked.to(Device, non_blocking: true);
    }
}
