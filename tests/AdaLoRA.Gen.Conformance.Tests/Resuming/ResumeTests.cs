using System.Text.Json.Nodes;
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
        Assert.EndsWith($" 4 evaluations, {run.ReadingsAfterCut.Count()} losses", result.Detail);
        if (run.Compaction != Compaction.None) Assert.Contains(run.Cut < 28 ? "compacted from 8 to 4 triplets after the cut" : "compacted from 8 to 4 triplets before the cut", result.Detail);
    }

    [Theory]
    [InlineData("compact-later", 32, "compaction was BeforeCut instead of AfterCut")]
    [InlineData("compact-before", 20, "compaction was AfterCut instead of BeforeCut")]
    public void Compaction_on_the_other_side_of_the_cut_fails(string name, int cut, string detail)
    {
        using var folder = new TemporaryFolder();
        var result = ResumeCheck.Run(RunCase.Find(name) with { Cut = cut }, folder.Path);
        Assert.False(result.Ok);
        Assert.StartsWith(detail, result.Detail);
    }

    [Theory]
    [InlineData("evaluations", "state.json/evaluations")]
    [InlineData("losses", "loss.step21")]
    public void Another_number_in_state_json_is_noticed(string entry, string at)
    {
        using var folder = new TemporaryFolder();
        var result = ResumeCheck.Run(RunCase.Find("log-every"), folder.Path, halves =>
        {
            string path = Path.Combine(RunFolder.Checkpoint(halves, 17), "state.json");
            var state = JsonNode.Parse(File.ReadAllText(path))!;
            if (entry == "losses") state["losses"]!["sum"] = (float)state["losses"]!["sum"]! * 1.0001f; // More than the last bit, which later losses may round away.
            else state["evaluations"]![0]!["evaluation"]!["value"] = 0.5;
            File.WriteAllText(path, state.ToJsonString());
        });
        Assert.False(result.Ok);
        Assert.Equal(at, result.At);
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
