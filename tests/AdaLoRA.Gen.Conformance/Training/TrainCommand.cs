using System.CommandLine;

namespace AdaLoRA.Gen.Conformance.Training;

/// <summary>Hidden: the child process of <c>kill</c> and <c>resume</c>. Trains a case in a folder, from its newest checkpoint when there is one, and tells what happens as <see cref="LossLog"/>.</summary>
internal static class TrainCommand
{
    public const string Name = "train";

    public static Command Create(TextWriter output)
    {
        var folder = new Argument<string>("OUT");
        var name = new Option<string>("--case") { Required = true };
        var seed = new Option<int>("--seed");
        var command = new Command(Name, "Trains one case; the child process of kill and resume.") { folder, name, seed };
        command.Hidden = true;
        command.SetAction(arguments =>
        {
            RunCase.Find(arguments.GetValue(name)!).Train(arguments.GetValue(folder)!, arguments.GetValue(seed), new LossLog(output));
            return 0;
        });
        return command;
    }
}
