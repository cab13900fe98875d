using AdaLoRA.Gen.Conformance.Resuming;
using AdaLoRA.Gen.Conformance.Training;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Conformance.Tests.Resuming;

public sealed class ResumeTests
{
    public static TheoryData<string> Cases => [.. RunCase.All.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_new_process_goes_on_bit_for_bit(string name)
    {
        using var folder = new TemporaryFolder();
        var run = RunCase.Find(name);
        var result = ResumeCheck.Run(run, folder.Path);
        Assert.True(result.Ok, CaseText.Line(result));
        Assert.EndsWith($" {run.Steps - run.Cut} losses", result.Detail);
        if (run.Compact) Assert.Contains(run.Cut < 28 ? "compacted to 4 triplets after the cut" : "compacted to 4 triplets before the cut", result.Detail);
    }

    [Theory]
    [InlineData("arena.m")]
    [InlineData("arena.uncertainty")]
    [InlineData("trainable.v.head.weight")]
    public void Another_number_in_the_checkpoint_is_noticed(string tensor)
    {
        using var folder = new TemporaryFolder();
        var result = ResumeCheck.Run(RunCase.Find("simd"), folder.Path, halves => TensorPatch.Apply(Path.Combine(RunFolder.Checkpoint(halves, 20), "training.safetensors"), tensor, 3, v => v + 1e-4));
        Assert.False(result.Ok);
        Assert.NotEmpty(result.At);
    }

    [Fact]
    public void A_run_that_does_not_find_its_checkpoint_is_noticed()
    {
        using var folder = new TemporaryFolder();
        var result = ResumeCheck.Run(RunCase.Find("lora"), folder.Path, halves => Directory.Delete(Path.Combine(halves, "checkpoints"), recursive: true));
        Assert.Contains("went on at step 0 instead of 20", result.Detail);
    }
}
