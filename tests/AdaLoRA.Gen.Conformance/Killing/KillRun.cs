using AdaLoRA.Gen.Conformance.Training;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Conformance.Killing;

/// <summary>One run, killed again and again until a child comes to the end.</summary>
/// <param name="folder">An empty folder to work in.</param>
/// <param name="seed">Seed of the run.</param>
/// <param name="moments">Where the moments of the kills come from.</param>
internal sealed class KillRun(string folder, int seed, Random moments)
{
    private static readonly RunCase Case = RunCase.Killed;

    /// <summary>A run that has only its final save left is killed so many times there, then left alone: there is more to hit in the next one.</summary>
    private const int MostWhileSaving = 2;
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(50);
    private readonly string _undisturbed = Path.Combine(folder, "undisturbed");
    private readonly string _killed = Path.Combine(folder, "killed");
    private readonly List<int> _restarts = [];
    private int _beforeStart, _training, _saving;
    private TimeSpan _startup, _trainingTime;

    /// <summary>Kills so far.</summary>
    public int Kills => _beforeStart + _training + _saving;

    /// <summary>For tests.</summary>
    public Tampering? Tampering { get; init; }

    private string Name => $"run seed {seed}";

    /// <summary>Runs, kills and compares.</summary>
    /// <param name="limit">Kills at most; the child after the last of them is left alone.</param>
    /// <param name="progress">Told the kills so far.</param>
    public CaseResult Run(int limit, Action<int> progress)
    {
        var undisturbed = TrainingProcess.Run(Case, _undisturbed, seed);
        if (undisturbed.ExitCode != 0) return Failure("undisturbed", $"it ended with {undisturbed.ExitCode}: {undisturbed.Error.Split('\n')[0]}");
        (_startup, _trainingTime) = (undisturbed.Log.Startup, undisturbed.Elapsed - undisturbed.Log.Startup);
        Directory.CreateDirectory(_killed);
        int newest = 0;
        while (true)
        {
            var child = TrainingProcess.Run(Case, _killed, seed, Kills < limit && _saving < MostWhileSaving ? Moment(newest) : null);
            if (child.Log.FirstStep is { } first && first != newest) return Failure("start", first < newest ? $"a restart began at step {first} though there was a checkpoint of step {newest}" : $"a restart began at step {first}, of which there was no checkpoint");
            if (!child.Killed && child.ExitCode != 0) return Failure("start", $"a child ended with {child.ExitCode}: {child.Error.Split('\n')[0]}");
            if (child.Log.FirstStep is { } begun && newest > 0) _restarts.Add(begun);
            int before = newest;
            newest = RunFolder.Newest(_killed);
            if (newest < before) return Failure($"step-{before}", "the newest checkpoint is gone");
            if (!child.Killed) break;
            Count(child);
            progress(Kills);
            if (Tampering is { AfterTheLook: false }) Tampering.Apply(_killed);
            if (HalfCheckpoint() is { } half) return Failure(half, "a checkpoint bears its name and is not complete");
            if (Tampering is { AfterTheLook: true }) Tampering.Apply(_killed);
        }
        return Compare();
    }

    /// <summary>
    /// One in five uniform over the startup, which would take most of them otherwise; the others uniform over what is left after it: the steps and checkpoints that are not done, the
    /// final save, and a little more, so that some children live.
    /// </summary>
    private TrainingProcess.Moment Moment(int newest)
    {
        if (moments.Next(5) == 0) return new(false, _startup * moments.NextDouble());
        var left = _trainingTime * (1 - (double)newest / Case.Steps);
        return new(true, (left * 1.1 + Margin) * moments.NextDouble());
    }

    private void Count(TrainingProcess.Outcome child)
    {
        bool begun = child.Log.FirstStep is not null;
        if (!begun) _beforeStart++;
        else if (child.Log.FirstStep == Case.Steps || child.Log.Losses.ContainsKey(Case.Steps)) _saving++;
        else _training++;
    }

    /// <summary>The first thing that is wrong with the checkpoints that bear their names, which must be complete whatever happened.</summary>
    private string? HalfCheckpoint()
    {
        foreach (int step in RunFolder.Checkpoints(_killed))
        {
            string checkpoint = RunFolder.Checkpoint(_killed, step);
            foreach (string file in RunFolder.CheckpointFiles)
            {
                if (!File.Exists(Path.Combine(checkpoint, file))) return $"step-{step}/{file}";
            }
            try
            {
                foreach (string tensors in RunFolder.CheckpointFiles.Where(f => f.EndsWith(".safetensors", StringComparison.Ordinal))) SafetensorsFile.Open(Path.Combine(checkpoint, tensors)).Dispose();
                foreach (string json in RunFolder.CheckpointFiles.Where(f => f.EndsWith(".json", StringComparison.Ordinal))) System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(checkpoint, json))).Dispose();
            }
            catch (Exception e) when (e is SafetensorsException or System.Text.Json.JsonException)
            {
                return $"step-{step}";
            }
        }
        return null;
    }

    private CaseResult Compare()
    {
        foreach (string adapter in RunFolder.Adapters)
        {
            if (RunFolder.FirstDifference(Path.Combine(_undisturbed, adapter), Path.Combine(_killed, adapter)) is { } file) return Failure($"{adapter}/{file}", "differs from the undisturbed run's");
        }
        var left = RunFolder.Leftovers(_killed);
        if (left.Count > 0) return Failure(left[0], $"{left.Count} temporary entries are left of killed processes");
        return new CaseResult(Name, true, 0, "", $"{Kills} kills ({_beforeStart} before the first step, {_training} in training, {_saving} after the last step){Restarts()}");
    }

    private string Restarts() => _restarts.Count == 0 ? "" : $", went on at {string.Join(", ", _restarts)}";

    private CaseResult Failure(string at, string detail) => new(Name, false, 0, at, $"{detail}, after {Kills} kills{Restarts()}");
}
