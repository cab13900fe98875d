using System.CommandLine;
using AdaLoRA.Gen.Conformance.Editing;
using AdaLoRA.Gen.Conformance.Folders;
using AdaLoRA.Gen.Conformance.Fuzzing;
using AdaLoRA.Gen.Conformance.Graph;
using AdaLoRA.Gen.Conformance.Killing;
using AdaLoRA.Gen.Conformance.Resuming;
using AdaLoRA.Gen.Conformance.Traces;
using AdaLoRA.Gen.Conformance.Training;
using AdaLoRA.Gen.Native;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Conformance;

/// <summary>The command line. A subcommand is one file that ends in Command and yields one <see cref="CaseResult"/> a case.</summary>
internal static class ConformanceProgram
{
    /// <summary>Runs one command line.</summary>
    /// <param name="args">As on the command line.</param>
    /// <param name="output">Receives the cases; progress goes to standard error.</param>
    /// <returns>0: every case holds. 1: one does not, or the command line is wrong.</returns>
    public static int Run(string[] args, TextWriter output)
    {
        // Before anything touches torch: the native library may need help to load.
        NativeBackend.Initialize();
        // Sums over threads depend on how many there are, and everything here is small.
        TorchSharp.torch.set_num_threads(1);
        var format = new ReportFormat(output);
        var root = new RootCommand("Checks that AdaLoRA.Gen does what the reference implementations do, and that its files survive damage, sudden death and resuming. Exit code 1: a case fails.")
        {
            format.Json,
            TracesCommand.Create(format),
            PeftCommand.Create(format),
            HfCommand.Create(format),
            GraphCommand.Create(format, output),
            EditsCommand.Create(format),
            FuzzCommand.Create(format),
            KillCommand.Create(format),
            ResumeCommand.Create(format),
            TrainCommand.Create(output),
        };
        try
        {
            return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output });
        }
        catch (Exception e) when (e is AdaLoRAException or SafetensorsException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }
}
