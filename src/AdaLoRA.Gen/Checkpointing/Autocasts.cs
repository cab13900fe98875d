using AdaLoRA.Gen.Native;
using TorchSharp;

namespace AdaLoRA.Gen.Checkpointing;

/// <summary>The state of autocast that a body ran in: backward, which comes outside its scope, must run it in the same.</summary>
internal readonly struct Autocasts
{
    private static readonly DeviceType[] Devices = [DeviceType.CPU, DeviceType.CUDA];

    private readonly (bool Enabled, sbyte Type)?[]? _states;

    private Autocasts((bool Enabled, sbyte Type)?[] states) => _states = states;

    /// <summary>Reads this thread's.</summary>
    public static Autocasts OfThread() => new(Array.ConvertAll(Devices, device => AutocastSwitches.For(device, out _)?.State(device)));

    /// <summary>Runs a body in this state and restores the one before.</summary>
    public T Run<T>(Func<T> body) => Run(body, 0);

    private T Run<T>(Func<T> body, int device)
    {
        if (_states is null || device == Devices.Length) return body();
        if (_states[device] is not { } wanted || AutocastSwitches.For(Devices[device], out _) is not { } switches || switches.State(Devices[device]) == wanted) return Run(body, device + 1);
        var before = switches.Enter(Devices[device], wanted);
        try
        {
            return Run(body, device + 1);
        }
        finally
        {
            switches.Leave(Devices[device], before);
        }
    }
}
