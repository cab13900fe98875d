using System.CommandLine;
using System.Text.Json;
using AdaLoRA.Gen.Tool.Doctor;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary>The hidden command that <c>doctor</c> runs in a child process.</summary>
internal static class SelfTestCommand
{
    public const string Name = "self-test";

    public static Command Build(Terminal terminal)
    {
        var part = new Argument<string>("part");
        var folder = new Argument<string?>("folder") { Arity = ArgumentArity.ZeroOrOne };
        var command = new Command(Name, "For doctor: loads libtorch or the CUDA driver and says what it is.") { part, folder };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            try
            {
                string line = parsed.GetValue(part) == SelfTest.GpuPart
                    ? SelfTest.Gpu() is { } gpu ? JsonSerializer.Serialize(gpu, ToolJson.Line.GpuResult) : ""
                    : JsonSerializer.Serialize(SelfTest.Torch(parsed.GetValue(folder) ?? "."), ToolJson.Line.SelfTestResult);
                terminal.Out.WriteLine(line);
                return ExitCodes.Fine;
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or NotSupportedException or TypeInitializationException or EntryPointNotFoundException or System.Runtime.InteropServices.ExternalException or IOException)
            {
                terminal.Error.WriteLine(e.Message.Split('\n')[0]);
                return ExitCodes.Failed;
            }
        });
        return command;
    }
}
