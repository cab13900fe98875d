using System.Globalization;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Conformance.Training;

/// <summary>What a training process tells its parent, a line an event: <c>started 12 431</c> (milliseconds since the process began), <c>loss 13 3FD0…</c> (the bits of the number), <c>checkpoint 14</c>, <c>saved 40</c>.</summary>
internal sealed class RunLog(TextWriter? output) : ITrainingObserver
{
    /// <summary>Steps that were done before this process began; null while it has not.</summary>
    public int? FirstStep { get; private set; }

    /// <summary>From the start of the process to its first step.</summary>
    public TimeSpan Startup { get; private set; }

    /// <summary>Whether the adapter was saved at the run's end.</summary>
    public bool Saved { get; private set; }

    /// <summary>Every loss by step.</summary>
    public SortedDictionary<int, double> Losses { get; } = [];

    /// <summary>Reads what another process wrote; a last line that was cut off counts for nothing.</summary>
    public static RunLog Parse(string text)
    {
        var log = new RunLog(null);
        foreach (string line in text.Split('\n')[..^1])
        {
            string[] words = line.TrimEnd('\r').Split(' ');
            if (words.Length < 2 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int step)) continue;
            if (words[0] == "started") (log.FirstStep, log.Startup) = (step, TimeSpan.FromMilliseconds(int.Parse(words[2], CultureInfo.InvariantCulture)));
            if (words[0] == "saved") log.Saved = true;
            if (words[0] == "loss") log.Losses[step] = BitConverter.UInt64BitsToDouble(ulong.Parse(words[2], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }
        return log;
    }

    public void OnStarted(TrainingStarted e)
    {
        FirstStep = e.FirstStep;
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        Startup = DateTime.Now - process.StartTime;
        Write($"started {e.FirstStep} {(int)Startup.TotalMilliseconds}");
    }

    public void OnStep(in StepCompleted e)
    {
        if (e.Loss is not { } loss) return;
        Losses[e.Step] = loss;
        Write($"loss {e.Step} {BitConverter.DoubleToUInt64Bits(loss):X16}");
    }

    public void OnCheckpointed(CheckpointWritten e) => Write($"checkpoint {e.Step}");

    public void OnFinished(TrainingFinished e)
    {
        Saved = !e.Result.Interrupted;
        Write($"saved {e.Result.Steps}");
    }

    private void Write(FormattableString line)
    {
        output?.Write(line.ToString(CultureInfo.InvariantCulture) + "\n");
        output?.Flush();
    }
}
