using AdaLoRA.Gen.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// Lets libtorch compute products (linear, matmul, convolution, attention) in bfloat16 and what loses by that in float32, as <c>torch.autocast</c> does. Weights keep their type: those that are float32 are cast where they
/// are used. Adapters in torch's operations take part like every product, as in PEFT: A·x and B·h in bfloat16; those that are one node (a linear layer on a CPU) are computed in float32 and rounded once. Their parameters, gradients, importance and optimizer state stay float32.
/// </summary>
/// <example><code>
/// Tensor loss;
/// using (Autocast.Enter(DeviceType.CUDA)) loss = cross_entropy(model.call(x), y);
/// loss.backward();     // outside: backward takes the types that forward took
/// optimizer.step();
/// </code></example>
public static class Autocast
{
    /// <summary>Whether this libtorch has the switches and they work on a kind of device; tried once.</summary>
    /// <param name="device">CPU or CUDA.</param>
    public static bool IsAvailable(DeviceType device) => AutocastSwitches.For(device, out _) is not null;

    /// <summary>Whether autocast is on for this thread.</summary>
    /// <param name="device">The kind of device.</param>
    public static bool IsEnabled(DeviceType device) => AutocastSwitches.For(device, out _)?.State(device).Enabled == true;

    /// <summary>Switches autocast on for this thread, until the scope is disposed. Scopes may be nested; each restores what it found, also when an exception passes.</summary>
    /// <param name="device">The kind of device that computes, CPU or CUDA.</param>
    /// <param name="dtype">What products are computed in: <see cref="ScalarType.BFloat16"/> (default), or <see cref="ScalarType.Float16"/>, which gradients need loss scaling for.</param>
    /// <exception cref="AdaLoRAException">This libtorch has no such switches, or finds no such device.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="dtype"/> is another type.</exception>
    public static Scope Enter(DeviceType device, ScalarType dtype = ScalarType.BFloat16)
    {
        if (dtype is not (ScalarType.BFloat16 or ScalarType.Float16)) throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Autocast computes in BFloat16 or Float16.");
        var switches = AutocastSwitches.For(device, out string? whyNot)
            ?? throw new AdaLoRAException($"Autocast is not available on {device}, since {whyNot}: compute in full precision, or load the model's weights in bfloat16.");
        return new Scope(switches, device, switches.Enter(device, dtype));
    }

    /// <summary>Autocast is on until this is disposed. It lives on the stack, so no <c>await</c> can carry it to another thread.</summary>
    public ref struct Scope
    {
        private readonly DeviceType _device;
        private readonly (bool Enabled, sbyte Type) _before;
        private AutocastSwitches? _switches;

        internal Scope(AutocastSwitches switches, DeviceType device, (bool Enabled, sbyte Type) before) => (_switches, _device, _before) = (switches, device, before);

        /// <summary>Restores what was before.</summary>
        public void Dispose()
        {
            _switches?.Leave(_device, _before);
            _switches = null;
        }
    }
}
