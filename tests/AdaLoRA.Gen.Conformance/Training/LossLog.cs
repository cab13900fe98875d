using System.Globalization;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Conformance.Training;

/// <summary>What a training process tells its parent, a line an event: <c>started 12 431</c> (milliseconds since the process began), <c>loss 13 3FD0…</c> (the bits of the number), <c>checkpoint 14</c>, <c>saved 40</c>.</summary>
internal sealed class LossLog(TextWriter? output) : ITrainingObserver
{
    /// <summary>Steps that were done before this process began; null while it has not.</summary>
    public int? FirstStep { get; private set; }

    /// <summary>From the start of the process to its first step.</summary>
    public TimeSpan Startup { get; private set; }

    /// <summary>Every loss by step.</summary>
    public SortedDictionary<int, double> Losses { get; } = [];

    /// <summary>Takes over one line that another process wrote.</summary>
    public void Read(string line)
    {
        string[] words = line.Split(' ');
        if (words.Length < 2 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int step)) return;
        if (words is ["started", _, var milliseconds]) (FirstStep, Startup) = (step, TimeSpan.FromMilliseconds(int.Parse(milliseconds, CultureInfo.InvariantCulture)));
        if (words is ["loss", _, { Length: 16 } bits]) Losses[step] = BitConverter.UInt64BitsToDouble(ulong.Parse(bits, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
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

    public void OnFinished(TrainingFinished e) => Write($"saved {e.Result.Steps}");

    private void Write(FormattableString line)
    {
        output?.Write(line.ToString(CultureInfo.InvariantCulture) + "\n");
        output?.Flush();
    }
}
