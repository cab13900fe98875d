using System.Globalization;
using AdaLoRA.Gen.Tool;
using AdaLoRA.Gen.Tool.Commands;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
return await CommandLine.RunAsync(args, Terminal.OfProcess());
