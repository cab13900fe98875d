using System.Reflection;
using System.Text.RegularExpressions;
using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Telemetry.Tests;

public partial class LogTests
{
    /// <summary>The log's event ids. A new message adds a line; a line never changes and never goes: a message that is no longer written is marked.</summary>
    private static readonly string[] Ids =
    [
        "1 Failed", "2 FailedTrace", "3 Interrupted", "4 SkippedSteps (retired)", "5 LossNotFinite", "6 StepSkipped", "7 CheckpointSkipped", "8 Notice", "10 Started", "11 Resuming", "12 Step", "13 Evaluated",
        "14 Checkpointed", "15 Finished", "16 AlreadyComplete", "17 ThreadsChosen", "18 Memory", "19 Paused", "20 Continued", "21 StoppedEarly", "22 Estimate", "23 DryRun", "30 TensorBoardFailed", "31 TensorBoardBehind",
        "40 Serving", "41 ReloadFailed", "42 SwapHandlerFailed", "43 PredictorStopped",
    ];

    [Fact]
    public void Event_ids_are_unique_named_after_their_message_and_never_reused()
    {
        var messages = typeof(Hosting.Log).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Select(m => (m.Name, Message: m.GetCustomAttribute<LoggerMessageAttribute>())).Where(m => m.Message is not null).ToList();
        Assert.All(messages, m => Assert.Equal(m.Name, m.Message!.EventName));
        Assert.Equal(Ids.Where(i => !i.EndsWith("(retired)", StringComparison.Ordinal)).Order(), messages.Select(m => $"{m.Message!.EventId} {m.Name}").Order());
        Assert.Equal(Ids.Length, Ids.Select(i => i.Split(' ')[0]).Distinct().Count());
    }

    [Fact]
    public void Every_message_of_the_room_goes_through_the_one_file()
    {
        string room = RepositoryRoot.Combine("src", "AdaLoRA.Gen.Hosting");
        var elsewhere = Directory.GetFiles(room, "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && Path.GetFileName(f) != "Log.cs")
            .SelectMany(f => File.ReadLines(f).Where(l => DirectLogging().IsMatch(l)).Select(l => $"{Path.GetFileName(f)}: {l.Trim()}"));
        Assert.Empty(elsewhere);
    }

    [GeneratedRegex(@"\.Log(Trace|Debug|Information|Warning|Error|Critical)?\(|LoggerMessage(Attribute|\.Define)?\b")]
    private static partial Regex DirectLogging();
}
