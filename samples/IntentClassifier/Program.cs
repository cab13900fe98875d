using System.Globalization;
using AdaLoRA.Gen;
using AdaLoRA.Gen.Serialization;
using IntentSample.Commands;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    // The host waits for the step under way and its checkpoint when Ctrl-C is pressed; the parser must not cut it short.
    return await CommandLine.Build().Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception e) when (e is AdaLoRAException or SafetensorsException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
