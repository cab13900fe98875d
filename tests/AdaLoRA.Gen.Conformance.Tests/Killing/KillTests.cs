using AdaLoRA.Gen.Conformance.Killing;
using AdaLoRA.Gen.Conformance.Training;

namespace AdaLoRA.Gen.Conformance.Tests.Killing;

public sealed class KillTests
{
    /// <summary>Enough for a kill after the first checkpoint, wherever the moments fall.</summary>
    private const int Enough = 12;

    /// <summary>With it, no moment of the first twelve falls into the startup.</summary>
    private const int Seed = 28;

    [UnixFact]
    public void A_killed_run_ends_as_the_undisturbed_one()
    {
        var results = KillCommand.Run(3, seed: 4).ToList();
        Assert.True(results.All(r => r.Ok), string.Join('\n', results.Select(CaseText.Line)));
        Assert.StartsWith("3 kills", results[^1].Detail);
    }

    [UnixFact]
    public void Half_a_checkpoint_is_noticed()
    {
        var failure = Fails(folder =>
        {
            string tensors = Path.Combine(Newest(folder), "training.safetensors");
            File.WriteAllBytes(tensors, File.ReadAllBytes(tensors)[..^100]);
        });
        Assert.Contains("is not complete", failure.Detail);
        Assert.StartsWith("step-", failure.At);
    }

    [UnixFact]
    public void A_missing_file_of_a_checkpoint_is_noticed()
    {
        var failure = Fails(folder => File.Delete(Path.Combine(Newest(folder), "state.json")));
        Assert.EndsWith("/state.json", failure.At);
    }

    [UnixFact]
    public void Starting_over_is_noticed()
    {
        var failure = Fails(folder => Directory.Delete(Path.Combine(folder, "checkpoints"), recursive: true), afterTheLook: true);
        Assert.Contains("began at step 0 though there was a checkpoint of step", failure.Detail);
    }

    [UnixFact]
    public void Another_number_in_a_checkpoint_is_noticed_at_the_end()
    {
        var failure = Fails(folder =>
        {
            if (RunFolder.Newest(folder) < RunCase.Killed.Steps) TensorPatch.Apply(Path.Combine(Newest(folder), "training.safetensors"), "arena.p", 20, v => v + 0.01);
        }, afterTheLook: true);
        Assert.Matches("^(adapter|best)/", failure.At);
    }

    [UnixFact]
    public void What_nobody_removes_is_noticed_at_the_end()
    {
        var failure = Fails(folder => File.WriteAllText(Path.Combine(folder, "adapter.tmp"), ""));
        Assert.Equal("adapter.tmp", failure.At);
    }

    private static string Newest(string folder) => RunFolder.Checkpoint(folder, RunFolder.Newest(folder));

    /// <summary>The first failure of runs whose folder is tampered with after each kill that left a checkpoint.</summary>
    private static CaseResult Fails(Action<string> tamper, bool afterTheLook = false)
    {
        var tampering = new Tampering(folder => { if (RunFolder.Newest(folder) > 0) tamper(folder); }, afterTheLook);
        var results = KillCommand.Run(Enough, Seed, tampering).ToList();
        Assert.False(results[^1].Ok);
        return results[^2];
    }
}
