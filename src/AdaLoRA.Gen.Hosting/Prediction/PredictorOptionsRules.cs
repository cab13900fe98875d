using System.Globalization;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The rules on <see cref="PredictorOptions"/> that need no model.</summary>
internal static class PredictorOptionsRules
{
    private const int MostThreads = CheckpointState.MostThreads, MostBatch = 4096, MostWaiting = 1_000_000;

    public static IReadOnlyList<string> Check(PredictorOptions o)
    {
        var broken = new List<string>();
        void Rule(bool holds, FormattableString sentence)
        {
            if (!holds) broken.Add(sentence.ToString(CultureInfo.InvariantCulture));
        }

        if (string.IsNullOrWhiteSpace(o.AdapterFolder)) broken.Add("AdapterFolder is empty; name the folder of a trained adapter.");
        else Rule(AdapterFiles.Exist(o.AdapterFolder), $"AdapterFolder is '{o.AdapterFolder}', which holds no {PeftConfig.FileName} and {PeftKeys.TensorFile}; name the folder of a trained adapter.");
        Rule(DeviceChoice.IsName(o.Device), $"Device is '{o.Device}'; it must be {DeviceChoice.Names}.");
        Rule(o.MaxConcurrency is >= 0 and <= MostThreads, $"MaxConcurrency is {o.MaxConcurrency}; it must be from 1 to {MostThreads}, or 0 for as many as there are cores.");
        Rule(o.Threads is >= 0 and <= MostThreads, $"Threads is {o.Threads}; it must be from 1 to {MostThreads}, or 0 to share the cores out over MaxConcurrency.");
        Rule(o.MaxBatch is >= 1 and <= MostBatch, $"MaxBatch is {o.MaxBatch}; it must be from 1 to {MostBatch} requests.");
        Rule(o.BatchDelay >= TimeSpan.Zero && o.BatchDelay <= TimeSpan.FromSeconds(1), $"BatchDelay is {o.BatchDelay:c}; it must be from 00:00:00 to 00:00:01.");
        Rule(o.QueueLimit is >= 1 and <= MostWaiting, $"QueueLimit is {o.QueueLimit}; it must be from 1 to {MostWaiting} requests.");
        Rule(o.WatchInterval >= TimeSpan.FromMilliseconds(10) && o.WatchInterval <= TimeSpan.FromHours(1), $"WatchInterval is {o.WatchInterval:c}; it must be from 00:00:00.0100000 to 01:00:00.");
        return broken;
    }
}
