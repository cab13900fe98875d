using System.CommandLine;
using AdaLoRA.Gen.Conformance.Training;

namespace AdaLoRA.Gen.Conformance.Resuming;

/// <summary><c>resume</c>: a run that goes on in a new process is the run that never stopped, bit for bit. Errors are absolute.</summary>
internal static class ResumeCommand
{
    public static Command Create(ReportFormat format)
    {
        var command = new Command("resume", "Compares N steps straight with some steps, a checkpoint and the rest in a new process: every tensor of the training state, every loss, every evaluation and the adapter must be bit-equal.");
        command.SetAction(arguments => format.Print(arguments, Run()));
        return command;
    }

    /// <summary>All cases.</summary>
    public static IEnumerable<CaseResult> Run()
    {
        foreach (var run in RunCase.All)
        {
            var folder = Directory.CreateTempSubdirectory("adalora-resume-");
            try
            {
                yield return ResumeCheck.Run(run, folder.FullName);
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }
    }
}
