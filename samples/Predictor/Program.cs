using System.Globalization;
using AdaLoRA.Gen;
using Microsoft.Extensions.Options;
using PredictorSample;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    // The host itself answers what is under way when Ctrl-C is pressed; the parser must not cut it short.
    return await CommandLine.Build().Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception e) when (e is AdaLoRAException or OptionsValidationException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
